#include "aws/credentials.h"

namespace penstock {
namespace {

class FixedCredentials : public CredentialsProvider {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> Get() override { return credentials_; }

 private:
  const Credentials credentials_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> StaticCredentials(Credentials credentials) {
  return std::make_shared<FixedCredentials>(std::move(credentials));
}

}  // namespace penstock
