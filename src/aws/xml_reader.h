// Reads the small XML documents of AWS requests and answers into a tree of elements. Name space
// prefixes and attributes are dropped: AWS's own services ignore them. No entities but the five of
// XML and character references, no DTD.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

struct XmlElement {
  std::string name;  // without prefix
  std::string text;  // all of its own text, entities resolved
  std::vector<XmlElement> children;

  /// The first child of that name, or nullptr.
  const XmlElement* Child(std::string_view child_name) const;
  /// All children of that name; pointers live as long as this element.
  std::vector<const XmlElement*> ChildrenNamed(std::string_view child_name) const;
  /// The text of the first child of that name, or empty.
  std::string_view ChildText(std::string_view child_name) const;
  bool operator==(const XmlElement&) const = default;
};

/// The root element. At most `depth_max` levels. The error names the byte offset.
Result<XmlElement> ParseXml(std::string_view text, size_t depth_max = 64);

}  // namespace penstock
