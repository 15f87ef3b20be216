// The other side of the transfer benchmarks: a server that answers Scan with pages built beforehand
// and takes BatchWriteItem without doing anything, so that what is measured is its client. No
// signature is checked, nothing is stored. A thread for each connection, which stays open.
//
//   transfer_replay_server [--pages N] [--distinct N] [--seed N]
//
//   --pages     of the table, over all segments (1000)
//   --distinct  so many pages are built and repeated (64); the memory it takes is that many MiB,
//               about twice
//   --seed      of the items
//
// The first line on stdout tells the address. Besides DynamoDB's operations it has
//   GET /page/<n>  one page, for clients that only fetch
//   GET /stats     {"items":…,"bytes":…} put since the start, {"pageBytes":…} mean size of a page
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"

namespace penstock {
namespace {

constexpr size_t kPageSize = 1u << 20;  // of items as DynamoDB counts them
constexpr size_t kHeadSizeMax = 64u << 10;
constexpr size_t kBodySizeMax = 32u << 20;
constexpr int kOpenConnections = 128;

struct Options {
  uint64_t pages = 1000;
  uint64_t distinct = 64;
  uint64_t seed = 1;
};

/// Items like those of a places table: 300 bytes as DynamoDB counts, 470 of JSON, every type but
/// the rarest, a tenth of the strings not ASCII, some with escapes.
class ItemMaker {
 public:
  explicit ItemMaker(uint64_t seed) : random_(seed) {}

  /// Appends one item; its size as DynamoDB counts it.
  size_t Append(uint64_t id, std::string* out) {
    std::string name = Words(3), note = Words(17);
    if (id % 10 == 0) name += " déjà-vu";
    if (id % 20 == 0) note += R"(\n\"quoted\")";
    std::string text = fmt::format(
        R"({{"Id":{{"N":"{}"}},"Name":{{"S":"{}"}},"Country":{{"S":"{}"}},)"
        R"("Location":{{"M":{{"lat":{{"N":"{}.{:05}"}},"lng":{{"N":"-{}.{:05}"}}}}}},)"
        R"("Codes":{{"SS":["{}","{}2"]}},"Active":{{"BOOL":{}}},"Population":{{"N":"{}"}},)"
        R"("Parent":{{"NULL":true}},"Hash":{{"B":"{:08X}{:08X}"}},"Updated":{{"S":"20{:02}-0{}-1{}T10:00:00Z"}},)"
        R"("Note":{{"S":"{}"}}}})",
        id, name, Word(), Next(90), Next(100'000), Next(180), Next(100'000), Word(), Word(),
        Next(2) == 0 ? "true" : "false", Next(10'000'000), Next(UINT32_MAX), Next(UINT32_MAX),
        Next(100), Next(9) + 1, Next(9), note);
    *out += text;
    constexpr size_t kNotCounted = 158;  // punctuation and type tags
    return text.size() - kNotCounted;
  }

 private:
  uint64_t Next(uint64_t below) { return random_() % below; }
  std::string_view Word() {
    static constexpr auto kWords = std::to_array<std::string_view>(
        {"amber",  "brook", "cedar", "delta",   "ember",  "fjord", "grove", "haven",
         "inlet",  "jetty", "knoll", "ledge",   "marsh",  "north", "oasis", "plain",
         "quarry", "ridge", "shore", "thicket", "upland", "vale",  "weir",  "yonder"});
    return kWords[Next(kWords.size())];
  }
  std::string Words(int count) {
    std::string words;
    for (int i = 0; i < count; ++i) words += (i > 0 ? " " : "") + std::string(Word());
    return words;
  }

  std::mt19937_64 random_;
};

/// A Scan answer but for its last members.
struct Page {
  std::string beginning;
  uint64_t items = 0;
};

std::vector<Page> MakePages(const Options& options) {
  ItemMaker maker(options.seed);
  std::vector<Page> pages(options.distinct);
  uint64_t id = 0;
  for (Page& page : pages) {
    std::string items;
    for (size_t size = 0; size < kPageSize; ++page.items) {
      if (size > 0) items += ',';
      size += maker.Append(id++, &items);
    }
    page.beginning = fmt::format("{{\"Count\":{},\"Items\":[{}],\"ScannedCount\":{}", page.items,
                                 items, page.items);
  }
  return pages;
}

/// The number after the first `key` in `text`.
std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* from = text.data() + at + key.size();
  if (std::from_chars(from, text.data() + text.size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

size_t Occurrences(std::string_view text, std::string_view of) {
  size_t count = 0;
  for (size_t at = text.find(of); at != std::string_view::npos; at = text.find(of, at + of.size()))
    ++count;
  return count;
}

class Server {
 public:
  explicit Server(const Options& options) : options_(options), pages_(MakePages(options)) {
    for (const Page& page : pages_) {
      page_bytes_ += page.beginning.size();
      items_ += page.items;
    }
    page_bytes_ /= pages_.size();
    items_ = items_ * options_.pages / pages_.size();
  }

  void Serve(int connection) {
    int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string buffer;
    while (std::optional<size_t> head = ReadHead(connection, &buffer)) {
      std::string_view text = std::string_view(buffer).substr(0, *head);
      uint64_t length = NumberAfter(text, "Content-Length: ").value_or(0);
      if (length > kBodySizeMax) break;
      if (!ReadUntil(connection, *head + length, &buffer)) break;
      if (!Answer(connection, std::string_view(buffer).substr(0, *head),
                  std::string_view(buffer).substr(*head, length))) {
        break;
      }
      buffer.erase(0, *head + length);
    }
    close(connection);
  }

 private:
  /// Reads until `buffer` has a whole head; its size with the blank line.
  static std::optional<size_t> ReadHead(int connection, std::string* buffer) {
    while (true) {
      size_t end = buffer->find("\r\n\r\n");
      if (end != std::string::npos) return end + 4;
      if (buffer->size() > kHeadSizeMax || !ReadUntil(connection, buffer->size() + 1, buffer))
        return std::nullopt;
    }
  }

  static bool ReadUntil(int connection, size_t size, std::string* buffer) {
    while (buffer->size() < size) {
      size_t before = buffer->size();
      buffer->resize(std::max(size, before + (16u << 10)));
      ssize_t count = recv(connection, buffer->data() + before, buffer->size() - before, 0);
      buffer->resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
      if (count <= 0) return false;
    }
    return true;
  }

  bool Answer(int connection, std::string_view head, std::string_view body) {
    if (head.find(".Scan\r\n") != std::string_view::npos) return Scan(connection, body);
    if (head.find(".BatchWriteItem\r\n") != std::string_view::npos) {
      size_t items = Occurrences(body, "\"PutRequest\"");
      items_put_ += items;
      bytes_put_ += body.size();
      return Send(connection, {},
                  fmt::format("{{\"UnprocessedItems\":{{}},\"ConsumedCapacity\":[{{"
                              "\"TableName\":\"Replay\",\"CapacityUnits\":{}.0}}]}}",
                              items));
    }
    if (head.find(".DescribeTable\r\n") != std::string_view::npos)
      return Send(connection, {}, Description());
    if (head.find(".DescribeTimeToLive\r\n") != std::string_view::npos) {
      return Send(connection, {}, R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
    }
    if (head.find(".ListTagsOfResource\r\n") != std::string_view::npos)
      return Send(connection, {}, R"({"Tags":[]})");
    if (auto page = NumberAfter(head, "GET /page/"))
      return Send(connection, pages_[*page % pages_.size()].beginning, "}");
    if (head.starts_with("GET /stats ")) {
      return Send(connection, {},
                  fmt::format("{{\"items\":{},\"bytes\":{},\"pageBytes\":{}}}", items_put_.load(),
                              bytes_put_.load(), page_bytes_));
    }
    return Send(connection, {}, R"({"__type":"UnknownOperationException"})", "400 Bad Request");
  }

  /// Page `k` of segment `s` of `n` is page s + k * n of the table, and its key says that.
  bool Scan(int connection, std::string_view body) {
    uint64_t segment = NumberAfter(body, "\"Segment\":").value_or(0);
    if (body.find("\"Segment\": ") != std::string_view::npos)
      segment = NumberAfter(body, "\"Segment\": ").value_or(0);
    uint64_t total = NumberAfter(body, "\"TotalSegments\":").value_or(1);
    if (body.find("\"TotalSegments\": ") != std::string_view::npos)
      total = NumberAfter(body, "\"TotalSegments\": ").value_or(1);
    uint64_t page = segment;
    size_t start = body.find("\"ExclusiveStartKey\"");
    if (start != std::string_view::npos) {
      std::string_view key = body.substr(start);
      size_t number = key.find_first_of("0123456789");
      if (number != std::string_view::npos)
        page = NumberAfter(key.substr(number), "").value_or(0) + total;
    }
    const bool is_behind = page >= options_.pages;
    std::string end;
    if (page + total < options_.pages)
      end = fmt::format(",\"LastEvaluatedKey\":{{\"Id\":{{\"N\":\"{}\"}}}}", page);
    end +=
        fmt::format(",\"ConsumedCapacity\":{{\"TableName\":\"Replay\",\"CapacityUnits\":{}.0}}}}",
                    is_behind ? 1 : 128);
    if (is_behind)
      return Send(connection, "{\"Count\":0,\"Items\":[],\"ScannedCount\":0", std::move(end));
    return Send(connection, pages_[page % pages_.size()].beginning, std::move(end));
  }

  std::string Description() const {
    return fmt::format(
        R"({{"Table":{{"TableName":"Replay","TableStatus":"ACTIVE","TableId":"6f0c9a1e-0000-4000-8000-000000000000",)"
        R"("TableArn":"arn:aws:dynamodb:us-east-1:123456789012:table/Replay","CreationDateTime":1500000000,)"
        R"("AttributeDefinitions":[{{"AttributeName":"Id","AttributeType":"N"}}],)"
        R"("KeySchema":[{{"AttributeName":"Id","KeyType":"HASH"}}],)"
        R"("ProvisionedThroughput":{{"ReadCapacityUnits":10000000,"WriteCapacityUnits":100000000}},)"
        R"("ItemCount":{},"TableSizeBytes":{}}}}})",
        items_, options_.pages * kPageSize);
  }

  static bool Send(int connection, std::string_view beginning, std::string end,
                   std::string_view status = "200 OK") {
    std::string head = fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n",
        status, beginning.size() + end.size());
    std::array<iovec, 3> pieces = {{{head.data(), head.size()},
                                    {const_cast<char*>(beginning.data()), beginning.size()},
                                    {end.data(), end.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    while (message.msg_iovlen > 0) {
      ssize_t sent = sendmsg(connection, &message, MSG_NOSIGNAL);
      if (sent < 0) return false;
      size_t left = static_cast<size_t>(sent);
      while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
        left -= message.msg_iov->iov_len;
        ++message.msg_iov;
        --message.msg_iovlen;
      }
      if (message.msg_iovlen > 0) {
        message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + left;
        message.msg_iov->iov_len -= left;
      }
    }
    return true;
  }

  const Options options_;
  const std::vector<Page> pages_;
  uint64_t page_bytes_ = 0, items_ = 0;
  std::atomic<uint64_t> items_put_ = 0, bytes_put_ = 0;
};

int Listen(uint16_t* port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(listener >= 0 && bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            listen(listener, kOpenConnections) == 0 &&
            getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "cannot listen: {}", std::strerror(errno));
  *port = ntohs(address.sin_port);
  return listener;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view name = argv[i], value = argv[i + 1];
    uint64_t* option = name == "--pages"      ? &options.pages
                       : name == "--distinct" ? &options.distinct
                       : name == "--seed"     ? &options.seed
                                              : nullptr;
    CHECK(option != nullptr, "unknown option {}", name);
    *option = NumberAfter(value, "").value_or(0);
    CHECK(*option > 0 || name == "--seed", "{} needs a number above 0, not {}", name, value);
  }
  Server server(options);
  uint16_t port = 0;
  int listener = Listen(&port);
  fmt::print("http://127.0.0.1:{}\n", port);
  std::fflush(stdout);
  while (true) {
    int connection = accept(listener, nullptr, nullptr);
    if (connection >= 0) std::thread([&server, connection] { server.Serve(connection); }).detach();
  }
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) { return penstock::Main(argc, argv); }
