#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/fair_shared_mutex.h"
#include "base/result.h"
#include "base/text.h"

namespace penstock {
namespace {

TEST(Encoding, RoundTripsAllBytes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(HexDecode(HexEncode(bytes)), bytes);
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
    EXPECT_EQ(Base64DecodedSize(Base64Encode(bytes)), bytes.size());
    EXPECT_EQ(PercentDecode(PercentEncode(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg==");
}

TEST(Encoding, RefusesBrokenBase64) {
  for (const char* text :
       {"A", "AA", "AAA", "AA=A", "====", "AAAA====", "AB==", "AA-_", "AA A", "AAB="}) {
    EXPECT_FALSE(Base64Decode(text)) << text;
    EXPECT_FALSE(Base64DecodedSize(text)) << text;
  }
}

TEST(Encoding, ShowsBytesThatAreNoText) {
  EXPECT_EQ(ShowBytes("a\\b/\xFF\xC3 "), "a\\b/\\xff\\xc3 ");
}

TEST(Encoding, PercentEncodesAsSignaturesDo) {
  EXPECT_EQ(PercentEncode("a b/c~é"), "a%20b%2Fc~%C3%A9");
  EXPECT_EQ(PercentEncode("a/b", true), "a/b");
  EXPECT_EQ(PercentDecode("a%2", false), "a%2");
  EXPECT_EQ(PercentDecode("a+b%20c", true), "a b c");
}

TEST(Encoding, PutsTheHighestByteOfANumberFirst) {
  EXPECT_EQ(BigEndian(0x0102030405060708, 8), "\1\2\3\4\5\6\7\10");
  EXPECT_EQ(BigEndian(0x0102030405060708, 2), "\7\10");
  EXPECT_EQ(BigEndian(1, 0), "");
  EXPECT_EQ(FromBigEndian("\xFF\1"), 0xFF01u);
  EXPECT_EQ(FromBigEndian(BigEndian(UINT64_MAX - 1, 8)), UINT64_MAX - 1);
  EXPECT_EQ(FromBigEndian(""), 0u);
}

TEST(Encoding, KnowsUtf8) {
  EXPECT_TRUE(IsValidUtf8("aé€😀"));
  for (const char* bytes :
       {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF"}) {
    EXPECT_FALSE(IsValidUtf8(bytes));
  }
}

TEST(Digest, MatchesPublishedVectors) {
  EXPECT_EQ(HexEncode(Md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexEncode(Sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(HmacSha256("key", "The quick brown fox jumps over the lazy dog")),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  EXPECT_EQ(HexEncode(HmacSha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");  // RFC 4231
  EXPECT_EQ(HexEncode(HmacSha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");  // RFC 2202
}

TEST(Text, SplitsTrimsAndParses) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Trim(" \t a b \n"), "a b");
  EXPECT_TRUE(EqualsIgnoreCase("HeAdEr", "hEaDeR"));
  EXPECT_EQ(ParseInt64("-12"), -12);
  EXPECT_FALSE(ParseInt64("12x"));
  EXPECT_FALSE(ParseUint64("-1"));
  EXPECT_EQ(ParseDouble("0.25"), 0.25);
  EXPECT_FALSE(ParseDouble("nan"));
}

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}
Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(int half, Half(n));
  RETURN_IF_ERROR(Half(half));
  return Half(half);
}

TEST(Result, CarriesValuesAndErrors) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error(), InvalidArgument("odd"));
  EXPECT_EQ(InvalidArgument("odd").In("reading x").message, "reading x: odd");
}

TEST(BoundedQueueTest, HandsOverInOrderAndCloses) {
  BoundedQueue<int> queue(2);
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) queue.Push(i);
    queue.Close();
  });
  int expected = 0;
  while (auto item = queue.Pop()) EXPECT_EQ(*item, expected++);
  EXPECT_EQ(expected, 100);
  producer.join();
  EXPECT_FALSE(queue.Push(1));
}

TEST(FairSharedMutexTest, LetsWhoWantsItAloneInBeforeLaterOnes) {
  FairSharedMutex mutex;
  std::atomic<bool> is_done = false;
  std::vector<std::thread> sharers;
  for (int i = 0; i < 3; ++i) {
    sharers.emplace_back([&] {
      // While one lets go another holds it: without turns it is hardly ever free.
      std::shared_lock held(mutex);
      while (!is_done) {
        held = std::shared_lock<FairSharedMutex>();
        held = std::shared_lock(mutex);
      }
    });
  }
  {
    std::lock_guard alone(mutex);
    is_done = true;
  }
  for (std::thread& sharer : sharers) sharer.join();
}

TEST(CheckDeathTest, SaysWhatFailed) {
  EXPECT_DEATH(CHECK(1 > 2, "one is {}", 1), "CHECK failed: 1 > 2: one is 1");
}

}  // namespace
}  // namespace penstock
