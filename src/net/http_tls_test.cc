#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>

#include "net/http_client.h"
#include "net/http_server.h"
#include "system/posix_files.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

/// A key and a certificate for 127.0.0.1 that signs itself.
void WriteCertificate(const TlsFiles& files) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("penstock"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  FILE* out = std::fopen(files.certificate_path.c_str(), "w");
  PEM_write_X509(out, certificate.get());
  std::fclose(out);
  out = std::fopen(files.key_path.c_str(), "w");
  PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
}

class DoublingService final : public HttpService {
 public:
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    if (request.target == "/stream") {
      std::vector<char> buffer(1 << 16);
      uint64_t count = 0;
      for (auto piece = body.Read(buffer); piece && *piece > 0; piece = body.Read(buffer))
        count += *piece;
      Status status = responder->Begin(200, {}, count);
      for (uint64_t sent = 0; status && sent < count; sent += buffer.size()) {
        status = responder->Write({buffer.data(), std::min<size_t>(buffer.size(), count - sent)});
      }
      if (status) status = responder->Finish();
      return;
    }
    std::string text = ReadAll(body, 1 << 20).value_or("");
    responder->Respond({200, {}, text + text});
  }
};

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    char name[] = "/tmp/penstock_tls_test_XXXXXX";
    root_ = mkdtemp(name);
    tls_ = {root_ + "/certificate.pem", root_ + "/key.pem"};
    WriteCertificate(tls_);
    options_.listen = "127.0.0.1:0";
    options_.tls = tls_;
  }
  ~TlsTest() override { EXPECT_TRUE(PosixFiles().RemoveTree(root_)); }

  std::string root_;
  TlsFiles tls_;
  HttpServerOptions options_;
  DoublingService service_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(TlsTest, ServesWholeAndStreamedBodies) {
  auto server = HttpServer::Start(options_, &service_, &clock_, &random_);
  ASSERT_TRUE(server) << server.error().message;
  CurlHttpClient client(HttpClientOptions{.ca_bundle = tls_.certificate_path});
  const std::string url = "https://" + (*server)->address();
  for (int i = 0; i < 3; ++i) {
    auto response = client.Send({.method = "POST", .url = url + "/", .body = "tls"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "tlstls");
    response =
        client.Send({.method = "PUT", .url = url + "/stream", .body = std::string(5'000'000, 'x')});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body.size(), 5'000'000u);
  }
  EXPECT_EQ((*server)->counts().connections, 1u);

  auto stranger = CurlHttpClient().Send({.url = url + "/"});
  ASSERT_FALSE(stranger) << "a certificate nobody vouches for";
  EXPECT_EQ(stranger.error().code, ErrorCode::kUnavailable);
  auto introduced = CurlHttpClient().Send({.url = url + "/", .ca_bundle = tls_.certificate_path});
  EXPECT_TRUE(introduced) << introduced.error().message;
  auto plain = client.Send({.url = "http://" + (*server)->address() + "/"});
  EXPECT_FALSE(plain);
  (*server)->Stop(Duration(1000));
}

TEST_F(TlsTest, FilesThatDoNotFitAreNamed) {
  HttpServerOptions missing = options_;
  missing.tls->certificate_path = root_ + "/none.pem";
  auto server = HttpServer::Start(missing, &service_, &clock_, &random_);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("none.pem"), std::string::npos);
  HttpServerOptions other = options_;
  other.tls->key_path = root_ + "/other_key.pem";
  WriteCertificate({root_ + "/other.pem", other.tls->key_path});
  server = HttpServer::Start(other, &service_, &clock_, &random_);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("other_key.pem"), std::string::npos)
      << server.error().message;
}

}  // namespace
}  // namespace penstock
