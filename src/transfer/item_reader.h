// ItemReader: DynamoDB attribute JSON in any of its spellings -> Item. Strict: what DynamoDB would
// refuse is refused here, with the reason, before anything is sent. Pure.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "json/json_cursor.h"
#include "transfer/item.h"

namespace penstock {

enum class ItemDialect {
  /// From a server: wire tags only ("S", "NULL"). Its limits are its own business; form, numbers
  /// and
  /// that each attribute has a name are checked.
  kServer,
  /// From a file: also first-letter-lowered tags ("s", "sS", "bOOL"), all-lower ones, "nULL" and
  /// "nULLValue". DynamoDB's limits hold: numbers, 32 levels, names, no empty set, nothing twice.
  /// Only
  /// within maps may a name be empty: some servers have such.
  kFile,
  /// From a file, and also tags in any case, numbers and words of JSON where a string belongs,
  /// "true"
  /// and "false" as strings, and base64 unpadded, in the URL's alphabet or with white space in it.
  kLenientFile,
};

/// One thread at a time. Of an item it keeps what its attributes began with: most items of a table
/// are like the one before, and what is expected is read several times faster.
class ItemReader {
 public:
  explicit ItemReader(ItemDialect dialect) : dialect_(dialect) {}

  /// Reads an object of attributes at the cursor: {"name":{"S":"x"},…}. REQUIRES: the text is valid
  /// UTF-8. On false the cursor has the reason (with the attribute's name) and `item` is
  /// unspecified.
  bool Read(JsonCursor& cursor, Item* item);

  /// The same piecewise, for formats whose names are not JSON: Begin, Add for each attribute with a
  /// cursor at its value, End. `text_size`: bytes of all the values together. `name` must outlive
  /// the item's use.
  void Begin(size_t text_size, Item* item);
  bool Add(std::string_view name, JsonCursor& value, Item* item);
  bool End(JsonCursor& cursor, Item* item);
  /// After Begin: room for decoded strings, `text_size` bytes of it.
  char* scratch() { return scratch_; }

 private:
  /// How an attribute, or a member of a map, began: `"name":{"TYPE":`, just as it was written.
  struct Beginning {
    static constexpr size_t kSizeMax = 60;
    std::array<char, kSizeMax> bytes;
    uint8_t size = 0, name_size = 0, depth = 0;
    AttributeType type = AttributeType::kNull;

    std::string_view text() const { return {bytes.data(), size}; }
  };

  bool Attributes(JsonCursor& cursor, Item* item);
  /// An attribute (depth 1) or a member of a map. `*name`: its own, once it is known.
  bool Member(JsonCursor& cursor, Item* item, uint32_t parent, int depth, std::string_view* name);
  void Expect(size_t place, int depth, std::string_view beginning, const JsonCursor::Text& name,
              AttributeType type);
  bool Members(JsonCursor& cursor, Item* item, uint32_t parent, int depth);
  /// `{"TYPE":`, white space around its parts.
  bool Tag(JsonCursor& cursor, AttributeType* type);
  bool Value(JsonCursor& cursor, Item* item, uint32_t index, int depth);
  /// What follows the tag.
  bool Content(JsonCursor& cursor, Item* item, uint32_t index, AttributeType type, int depth);
  bool Set(JsonCursor& cursor, Item* item, uint32_t index, AttributeType member);
  bool List(JsonCursor& cursor, Item* item, uint32_t index, int depth);
  bool Scalar(JsonCursor& cursor, Item* item, uint32_t index);
  bool Bool(JsonCursor& cursor, ItemNode* node);
  /// `text`, which was a JSON string, as strict base64 in scratch, if a lenient reader would take
  /// it; else unchanged.
  std::string_view MendedBase64(std::string_view text);
  bool CheckNames(JsonCursor& cursor, const Item& item, uint32_t parent);
  bool CheckMembers(JsonCursor& cursor, const Item& item, uint32_t set);

  bool is_file() const { return dialect_ != ItemDialect::kServer; }
  bool is_lenient() const { return dialect_ == ItemDialect::kLenientFile; }

  const ItemDialect dialect_;
  char* scratch_ = nullptr;
  std::vector<std::string_view> sorted_;  // for finding doubles
  /// Of the last items, as far as they began alike: attributes and members of maps in the order in
  /// which they were met, but for what is in a list. No two of one map have one name.
  std::vector<Beginning> expected_;
  size_t place_ = 0;             // of the next one in expected_
  int unforeseen_ = 1;           // of what is around it: lists, an item read piecewise
  bool is_as_expected_ = false;  // the item being read, so far
};

}  // namespace penstock
