// Items from the text of a request straight to their stored form, in one pass and without a tree:
// what bulk loads spend their time on.
//
// "Plain" is what clients send: every item that the real service would take, but for some things
// that nobody writes. What is not plain is left to attribute_reader.h, which takes the rest and has
// the words for what is wrong; so this reader need only know whether it is sure. Where it is, both
// give the same bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json_cursor.h"
#include "local/dynamodb/attribute_value.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/table_definition.h"

namespace penstock::dynamodb {

struct PlainItem {
  std::string key;    // KeyOfItem's
  std::string value;  // EncodeStoredItem's
};

/// One thread at a time, for the items of one text, which is valid UTF-8 and outlives it.
class PlainItemReader {
 public:
  explicit PlainItemReader(std::string_view text)
      : decoded_(new char[text.size()]), scratch_(decoded_.get()) {}

  /// Takes the item that begins here, of a table without indexes. nullopt: not plain, and the
  /// cursor is somewhere in it.
  std::optional<PlainItem> Read(JsonCursor& cursor, const TableDefinition& definition);

  /// A JSON string, decoded; lives as long as the text and this.
  std::optional<std::string_view> String(JsonCursor& cursor);

 private:
  /// The names of one map that have been seen.
  struct Names {
    size_t first;  // of names_
    uint64_t signs = 0;
  };

  bool Attributes(JsonCursor& cursor, const KeyLayout& layout, ItemSizes* sizes);
  bool Name(JsonCursor& cursor, Names* names, std::string_view* name);
  bool Value(JsonCursor& cursor, int level, AttributeType* type, ValueSizes* sizes);
  bool Content(JsonCursor& cursor, int level, AttributeType type, ValueSizes* sizes);
  /// A string, number or binary: its text as JSON has it, but for numbers in normal form, in
  /// scalar_.
  bool Scalar(JsonCursor& cursor, AttributeType type, ValueSizes* sizes);
  bool Set(JsonCursor& cursor, AttributeType member, ValueSizes* sizes);
  bool List(JsonCursor& cursor, int level, ValueSizes* sizes);
  bool Map(JsonCursor& cursor, int level, ValueSizes* sizes);
  /// Writes it as AppendJsonString does.
  void WriteString(const JsonCursor::Text& text);

  std::unique_ptr<char[]> decoded_;  // room for all strings with escapes
  char* scratch_;
  std::string json_;  // the item, as AppendJson writes it
  std::string number_;
  std::string_view scalar_;
  std::vector<std::string_view> names_;             // of the maps that we are in
  std::vector<std::pair<size_t, size_t>> members_;  // of the set we are in, in json_
  Item key_;
};

}  // namespace penstock::dynamodb
