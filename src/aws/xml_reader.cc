#include "aws/xml_reader.h"

#include <fmt/core.h>

#include <pugixml.hpp>

namespace penstock {
namespace {

// pugixml's parser does not recurse, so that deep input costs memory only; what recurses is this
// copy and the freeing.
Status Copy(const pugi::xml_node& node, XmlElement& out, size_t depth_left) {
  if (depth_left == 0) {
    return InvalidArgument(
        fmt::format("the XML is nested too deeply at byte {}", node.offset_debug()));
  }
  std::string_view name = node.name();
  if (size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  out.name = name;
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      out.text += child.value();
    } else if (child.type() == pugi::node_element) {
      RETURN_IF_ERROR(Copy(child, out.children.emplace_back(), depth_left - 1));
    }
  }
  return {};
}

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child_name) const {
  for (const XmlElement& child : children) {
    if (child.name == child_name) return &child;
  }
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::ChildrenNamed(std::string_view child_name) const {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : children) {
    if (child.name == child_name) found.push_back(&child);
  }
  return found;
}

std::string_view XmlElement::ChildText(std::string_view child_name) const {
  const XmlElement* child = Child(child_name);
  return child == nullptr ? std::string_view() : std::string_view(child->text);
}

Result<XmlElement> ParseXml(std::string_view text, size_t depth_max) {
  // Blanks inside a leaf are data (a key may be " "); between elements they only clutter texts
  // nobody asks for.
  constexpr unsigned kFlags =
      pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_ws_pcdata_single;
  pugi::xml_document document;
  pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), kFlags, pugi::encoding_utf8);
  if (!parsed) {
    return InvalidArgument(fmt::format("the XML is not well-formed at byte {}: {}", parsed.offset,
                                       parsed.description()));
  }
  pugi::xml_node root = document.document_element();
  if (!root) return InvalidArgument("the XML has no root element");
  for (pugi::xml_node next = root.next_sibling(); next; next = next.next_sibling()) {
    if (next.type() == pugi::node_element)
      return InvalidArgument("the XML has more than one root element");
  }
  XmlElement element;
  RETURN_IF_ERROR(Copy(root, element, depth_max));
  return element;
}

}  // namespace penstock
