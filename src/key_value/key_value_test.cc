// What every KeyValue must do, run over each implementation.
#include "ports/key_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "key_value/memory_key_value.h"
#include "key_value/rocksdb_key_value.h"

namespace penstock {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class KeyValueTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test->name();
    std::replace(name.begin(), name.end(), '/', '_');
    folder_ = std::filesystem::temp_directory_path() / (name + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    Open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryKeyValue>();
      return;
    }
    auto opened = RocksDbKeyValue::Open({.path = folder_ / "deep" / "er"});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void Put(std::string key, std::string value) {
    WriteBatch batch;
    batch.Put(std::move(key), std::move(value));
    ASSERT_TRUE(store_->Write(batch, Durability::kProcess));
  }
  Pairs All(const std::string& lower = {}, const std::string& upper = {}) {
    Pairs pairs;
    auto iterator = store_->NewIterator(lower, upper);
    for (iterator->Seek(lower); iterator->Valid(); iterator->Next()) {
      pairs.emplace_back(iterator->key(), iterator->value());
    }
    EXPECT_TRUE(iterator->status());
    return pairs;
  }

  std::filesystem::path folder_;
  std::unique_ptr<KeyValue> store_;
};

TEST_P(KeyValueTest, GetsWhatWasPutAndNothingElse) {
  std::string binary("\0\xFF\0", 3);
  Put(binary, std::string("\0", 1));
  Put("empty", "");
  EXPECT_EQ(*store_->Get(binary), std::string("\0", 1));
  EXPECT_EQ(*store_->Get("empty"), "");
  EXPECT_EQ(*store_->Get("absent"), std::nullopt);
  EXPECT_EQ(*store_->Get(std::string_view("\0\xFF", 2)), std::nullopt);
}

TEST_P(KeyValueTest, ABatchAppliesInOrder) {
  Put("c", "old");
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Delete("a");
  batch.Put("b", "1");
  batch.Put("b", "2");
  batch.DeleteRange("c", "d");
  batch.Put("ca", "new");
  batch.Delete("never there");
  batch.DeleteRange("z", "a");  // inverted: nothing
  ASSERT_TRUE(store_->Write(batch, Durability::kDisk));
  EXPECT_EQ(All(), (Pairs{{"b", "2"}, {"ca", "new"}}));
}

TEST_P(KeyValueTest, WalksInByteOrderWithinItsBounds) {
  for (const char* key : {"b", "a", "\xFF", "\x7F", "ab", "aa", "c"}) Put(key, key);
  EXPECT_EQ(All(), (Pairs{{"a", "a"},
                          {"aa", "aa"},
                          {"ab", "ab"},
                          {"b", "b"},
                          {"c", "c"},
                          {"\x7F", "\x7F"},
                          {"\xFF", "\xFF"}}));
  EXPECT_EQ(All("aa", "b"), (Pairs{{"aa", "aa"}, {"ab", "ab"}}));
  EXPECT_EQ(All("a", PrefixEnd("a")), (Pairs{{"a", "a"}, {"aa", "aa"}, {"ab", "ab"}}));
  EXPECT_TRUE(All("d", "e").empty());
  EXPECT_TRUE(All("c", "a").empty());
}

TEST_P(KeyValueTest, SeeksBothWays) {
  for (const char* key : {"b", "d", "f", "h"}) Put(key, key);
  struct Case {
    std::string at, forward, backward;
  };
  for (const Case& c :
       {Case{"a", "d", ""}, Case{"c", "d", ""}, Case{"d", "d", "d"}, Case{"e", "f", "d"},
        Case{"f", "f", "f"}, Case{"g", "", "f"}, Case{"h", "", "f"}, Case{"i", "", "f"}}) {
    auto iterator = store_->NewIterator("c", "h");
    EXPECT_FALSE(iterator->Valid());
    iterator->Seek(c.at);
    EXPECT_EQ(iterator->Valid() ? iterator->key() : "", c.forward) << c.at;
    iterator->SeekForPrevious(c.at);
    EXPECT_EQ(iterator->Valid() ? iterator->key() : "", c.backward) << c.at;
  }
  auto iterator = store_->NewIterator({}, {});
  iterator->SeekForPrevious("z");
  std::string walked;
  for (; iterator->Valid(); iterator->Previous()) walked += iterator->key();
  EXPECT_EQ(walked, "hfdb");
}

TEST_P(KeyValueTest, AnIteratorSeesTheMomentItWasMade) {
  Put("a", "1");
  Put("b", "1");
  auto iterator = store_->NewIterator({}, {});
  Put("a", "2");
  Put("c", "2");
  WriteBatch batch;
  batch.Delete("b");
  ASSERT_TRUE(store_->Write(batch, Durability::kProcess));
  Pairs seen;
  for (iterator->Seek(""); iterator->Valid(); iterator->Next())
    seen.emplace_back(iterator->key(), iterator->value());
  EXPECT_EQ(seen, (Pairs{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(All(), (Pairs{{"a", "2"}, {"c", "2"}}));
}

TEST_P(KeyValueTest, AgreesWithAMapUnderRandomBatches) {
  std::mt19937 random(7);
  std::map<std::string, std::string> model;
  auto key = [&] {
    return std::string(1, static_cast<char>(random() % 26 + 'a')) + std::string(random() % 3, 'x');
  };
  for (int round = 0; round < 300; ++round) {
    WriteBatch batch;
    for (unsigned i = 0, n = random() % 4; i < n; ++i) {
      std::string a = key(), b = key();
      switch (random() % 4) {
        case 0:
          batch.Delete(a);
          model.erase(a);
          break;
        case 1:
          batch.DeleteRange(a, b);
          if (a < b) model.erase(model.lower_bound(a), model.lower_bound(b));
          break;
        default:
          batch.Put(a, b);
          model[a] = b;
      }
    }
    ASSERT_TRUE(store_->Write(batch, Durability::kProcess));
    std::string lower = key(), upper = key();
    Pairs expected;
    if (lower < upper) expected.assign(model.lower_bound(lower), model.lower_bound(upper));
    ASSERT_EQ(All(lower, upper), expected) << "round " << round;
    auto iterator = store_->NewIterator(lower, upper);
    std::string at = key();
    iterator->SeekForPrevious(at);
    std::string last;
    for (const auto& [k, v] : expected) {
      if (k <= at) last = k;
    }
    ASSERT_EQ(iterator->Valid() ? iterator->key() : "", last)
        << lower << ".." << upper << " at " << at;
  }
}

TEST_P(KeyValueTest, WritersDoNotLoseEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 50; ++i) {
        WriteBatch batch;
        batch.Put(std::to_string(t) + "-" + std::to_string(i), "x");
        ASSERT_TRUE(store_->Write(batch, Durability::kProcess));
        All();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(All().size(), 200u);
}

INSTANTIATE_TEST_SUITE_P(All, KeyValueTest, testing::Values("memory", "rocksdb"),
                         [](const auto& one) { return one.param; });

using RocksDbTest = KeyValueTest;

TEST_P(RocksDbTest, KeepsItsContentAcrossReopening) {
  Put("a", "1");
  store_.reset();
  Open();
  EXPECT_EQ(*store_->Get("a"), "1");
}

TEST_P(RocksDbTest, SaysThatAnotherHoldsTheFolder) {
  auto second = RocksDbKeyValue::Open({.path = folder_ / "deep" / "er"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, testing::HasSubstr("deep/er"));
}

TEST_P(RocksDbTest, SaysThatFilesAreDamaged) {
  store_.reset();
  std::filesystem::path current = folder_ / "deep" / "er" / "CURRENT";
  std::filesystem::resize_file(current, 3);
  auto opened = RocksDbKeyValue::Open({.path = folder_ / "deep" / "er"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << opened.error().message;
}

TEST_P(RocksDbTest, SaysThatTheFolderCannotBe) {
  auto opened = RocksDbKeyValue::Open({.path = "/proc/nowhere/at/all"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("/proc/nowhere"));
}

INSTANTIATE_TEST_SUITE_P(OnDisk, RocksDbTest, testing::Values("rocksdb"));

}  // namespace
}  // namespace penstock
