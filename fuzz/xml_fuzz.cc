// XML documents and query-protocol forms as a stranger may send them.
#include "aws/query_protocol.h"
#include "aws/service_client.h"
#include "aws/xml_reader.h"
#include "aws/xml_writer.h"
#include "base/check.h"
#include "base/encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto root = ParseXml(text);
  if (root) root->ChildText("Key");

  XmlWriter writer;
  writer.Open("A");
  writer.Element("B", text);
  writer.Close();
  std::string written = std::move(writer).Finish();
  CHECK(IsValidUtf8(written));
  auto read = ParseXml(written);
  CHECK(read);
  CHECK(read->ChildText("B").size() >= (text.empty() ? 0u : 1u));

  QueryParameters form({}, text);
  for (const char* name : {"A", "Tags", "L"}) {
    form.List(name);
    form.Map(name);
    form.Structures(name);
  }
  ReadCallError({400, {}, std::string(text)});
  return 0;
}
