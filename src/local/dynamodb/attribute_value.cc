#include "local/dynamodb/attribute_value.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "local/dynamodb/number.h"

namespace penstock::dynamodb {

namespace {

constexpr std::array<std::string_view, 10> kTypeNames = {"S",  "N",  "B",  "BOOL", "NULL",
                                                         "SS", "NS", "BS", "L",    "M"};

std::vector<std::string> Sorted(std::vector<std::string> members) {
  std::sort(members.begin(), members.end());
  return members;
}

}  // namespace

std::string_view TypeName(AttributeType type) { return kTypeNames[static_cast<size_t>(type)]; }

std::optional<AttributeType> TypeFromName(std::string_view name) {
  for (size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == name) return static_cast<AttributeType>(i);
  }
  return std::nullopt;
}

AttributeValue AttributeValue::String(std::string text) {
  return {AttributeType::kString, std::move(text)};
}
AttributeValue AttributeValue::Number(std::string text) {
  return {AttributeType::kNumber, std::move(text)};
}
AttributeValue AttributeValue::Binary(std::string bytes) {
  return {AttributeType::kBinary, std::move(bytes)};
}
AttributeValue AttributeValue::Boolean(bool value) { return {AttributeType::kBoolean, value}; }
AttributeValue AttributeValue::Null() { return {AttributeType::kNull, std::monostate()}; }
AttributeValue AttributeValue::Set(AttributeType type, std::vector<std::string> members) {
  return {type, std::move(members)};
}
AttributeValue AttributeValue::List(std::vector<AttributeValue> elements) {
  return {AttributeType::kList, std::move(elements)};
}
AttributeValue AttributeValue::Map(Item attributes) {
  return {AttributeType::kMap, std::move(attributes)};
}

const AttributeValue* Find(const Item& item, std::string_view name) {
  for (const Attribute& attribute : item) {
    if (attribute.name == name) return &attribute.value;
  }
  return nullptr;
}

AttributeValue* Find(Item& item, std::string_view name) {
  return const_cast<AttributeValue*>(Find(std::as_const(item), name));
}

void Assign(Item& item, std::string_view name, AttributeValue value) {
  if (AttributeValue* found = Find(item, name)) {
    *found = std::move(value);
  } else {
    item.push_back({std::string(name), std::move(value)});
  }
}

void Remove(Item& item, std::string_view name) {
  std::erase_if(item, [&](const Attribute& attribute) { return attribute.name == name; });
}

bool Equal(const AttributeValue& a, const AttributeValue& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case AttributeType::kNull:
      return true;
    case AttributeType::kBoolean:
      return a.boolean() == b.boolean();
    case AttributeType::kString:
    case AttributeType::kNumber:
    case AttributeType::kBinary:
      return a.text() == b.text();
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet:
      return a.members().size() == b.members().size() && Sorted(a.members()) == Sorted(b.members());
    case AttributeType::kList:
      return std::equal(
          a.list().begin(), a.list().end(), b.list().begin(), b.list().end(),
          [](const AttributeValue& x, const AttributeValue& y) { return Equal(x, y); });
    case AttributeType::kMap:
      return Equal(a.map(), b.map());
  }
  return false;
}

bool Equal(const Item& a, const Item& b) {
  if (a.size() != b.size()) return false;
  auto by_name = [](const Item& item) {
    std::vector<const Attribute*> sorted;
    for (const Attribute& attribute : item) sorted.push_back(&attribute);
    std::sort(sorted.begin(), sorted.end(),
              [](const Attribute* x, const Attribute* y) { return x->name < y->name; });
    return sorted;
  };
  auto left = by_name(a), right = by_name(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->name != right[i]->name || !Equal(left[i]->value, right[i]->value)) return false;
  }
  return true;
}

std::optional<std::strong_ordering> Compare(const AttributeValue& a, const AttributeValue& b) {
  if (a.type != b.type) return std::nullopt;
  if (a.type == AttributeType::kString || a.type == AttributeType::kBinary) {
    // char_traits<char> compares as unsigned bytes.
    return a.text().compare(b.text()) <=> 0;
  }
  if (a.type == AttributeType::kNumber) {
    auto x = dynamodb::Number::Parse(a.text()), y = dynamodb::Number::Parse(b.text());
    if (x && y) return *x <=> *y;
  }
  return std::nullopt;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
      continue;
    out.append(text, start, i - start);
    start = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        out += "\\u00";
        out.push_back("0123456789abcdef"[c >> 4]);
        out.push_back("0123456789abcdef"[c & 15]);
    }
  }
  out.append(text, start, text.size() - start);
  out.push_back('"');
}

void AppendJson(const AttributeValue& value, std::string& out) {
  out += "{\"";
  out += TypeName(value.type);
  out += "\":";
  switch (value.type) {
    case AttributeType::kString:
    case AttributeType::kNumber:
      AppendJsonString(value.text(), out);
      break;
    case AttributeType::kBinary:
      AppendJsonString(Base64Encode(value.text()), out);
      break;
    case AttributeType::kBoolean:
      out += value.boolean() ? "true" : "false";
      break;
    case AttributeType::kNull:
      out += "true";
      break;
    case AttributeType::kStringSet:
    case AttributeType::kNumberSet:
    case AttributeType::kBinarySet: {
      char separator = '[';
      for (const std::string& member : value.members()) {
        out.push_back(separator);
        separator = ',';
        AppendJsonString(value.type == AttributeType::kBinarySet ? Base64Encode(member) : member,
                         out);
      }
      if (value.members().empty()) out.push_back('[');
      out.push_back(']');
      break;
    }
    case AttributeType::kList: {
      out.push_back('[');
      bool first = true;
      for (const AttributeValue& element : value.list()) {
        if (!first) out.push_back(',');
        first = false;
        AppendJson(element, out);
      }
      out.push_back(']');
      break;
    }
    case AttributeType::kMap:
      AppendJson(value.map(), out);
      break;
  }
  out.push_back('}');
}

void AppendJson(const Item& item, std::string& out) {
  out.push_back('{');
  bool first = true;
  for (const Attribute& attribute : item) {
    if (!first) out.push_back(',');
    first = false;
    AppendJsonString(attribute.name, out);
    out.push_back(':');
    AppendJson(attribute.value, out);
  }
  out.push_back('}');
}

}  // namespace penstock::dynamodb
