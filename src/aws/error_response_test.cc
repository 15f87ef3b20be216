#include "aws/error_response.h"

#include <gtest/gtest.h>

#include "aws/query_protocol.h"
#include "aws/xml_reader.h"
#include "aws/xml_writer.h"

namespace penstock {
namespace {

HttpRequest Request(std::string method = "GET", std::string target = "/b/a%20b") {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.request_id = "id";
  return request;
}

TEST(ErrorResponse, Json) {
  ApiError error{"x#T", "a \"b\"", 400, {{"Item", R"({"S":"v"})"}}};
  HttpResponse response = ErrorResponse(error, WireProtocol::kJson10, Request());
  EXPECT_EQ(response.body, R"({"__type":"x#T","message":"a \"b\"","Item":{"S":"v"}})");
  EXPECT_EQ(response.headers.Get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(response.headers.Get("x-amzn-requestid"), "id");
  EXPECT_TRUE(response.headers.Has("x-amz-crc32"));
  response = ErrorResponse({"T", "", 500, {}}, WireProtocol::kJson11, Request());
  EXPECT_EQ(response.body, R"({"__type":"T"})");
  EXPECT_EQ(response.status, 500);
  EXPECT_FALSE(response.headers.Has("x-amz-crc32"));
}

TEST(ErrorResponse, S3) {
  HttpResponse response = ErrorResponse({"NoSuchKey", "gone & <away>", 404, {{"Key", "a b"}}},
                                        WireProtocol::kRestXml, Request());
  std::string host_id(*response.headers.Get("x-amz-id-2"));
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\" "
            "encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>gone &amp; "
            "&lt;away&gt;</Message><Key>a b</Key><Resource>/b/a "
            "b</Resource><RequestId>id</RequestId><HostId>" +
                host_id + "</HostId></Error>");
  EXPECT_EQ(response.headers.Get("content-type"), "application/xml");
  EXPECT_EQ(ErrorResponse({"NoSuchKey", "", 404, {}}, WireProtocol::kRestXml, Request("HEAD")).body,
            "");
  EXPECT_EQ(ErrorResponse({"NotModified", "", 304, {}}, WireProtocol::kRestXml, Request()).body,
            "");
}

TEST(ErrorResponse, QueryAndCbor) {
  EXPECT_EQ(
      ErrorResponse({"NotFound", "m", 404, {}}, WireProtocol::kQuery, Request()).body,
      "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>m</Message></Error>"
      "<RequestId>id</RequestId></ErrorResponse>\n");
  HttpResponse response =
      ErrorResponse({"T", std::string(30, 'm'), 400, {}}, WireProtocol::kCbor, Request());
  EXPECT_EQ(response.body, "\xA2\x66__type\x61T\x67message\x78\x1E" + std::string(30, 'm'));
  EXPECT_EQ(response.headers.Get("smithy-protocol"), "rpc-v2-cbor");
}

TEST(Xml, WriterEscapesWhatXmlCannotCarry) {
  EXPECT_EQ(XmlEscape("a&<>\"\r\n\x01\x80\xC3\xA4\xEF\xBF\xBF"),
            "a&amp;&lt;&gt;&quot;&#13;\n\xEF\xBF\xBD\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD");
  XmlWriter xml;
  xml.Open("A", "ns");
  xml.Element("B", "");
  xml.Element("C", uint64_t{7});
  xml.Element("D", true);
  xml.Close();
  EXPECT_EQ(std::move(xml).Finish(), "<A xmlns=\"ns\"><B/><C>7</C><D>true</D></A>");
}

TEST(Xml, ReaderDropsPrefixesAndResolvesEntities) {
  auto root = ParseXml(
      "<?xml version='1.0'?><!-- c --><x:A xmlns:x='u'><x:B> a&amp;&#10; "
      "</x:B><C><![CDATA[<d>]]></C></x:A>");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "A");
  EXPECT_EQ(root->ChildText("B"), " a&\n ");
  EXPECT_EQ(root->ChildText("C"), "<d>");
  EXPECT_EQ(root->Child("D"), nullptr);
  EXPECT_EQ(ParseXml("<K> </K>")->text, " ");
}

TEST(Xml, ReaderRefuses) {
  for (const char* wrong : {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a", "&lt;"})
    EXPECT_FALSE(ParseXml(wrong)) << wrong;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_FALSE(ParseXml(deep));
  for (int i = 0; i < 100000; ++i) deep += "</a>";
  EXPECT_FALSE(ParseXml(deep));
}

TEST(Xml, WhatIsWrittenIsReadBack) {
  for (std::string text : {"a", " a ", "\r\n\t", "<&>\"'", "\xF0\x9F\x98\x80", "]]>"}) {
    XmlWriter xml;
    xml.Open("A");
    xml.Element("B", text);
    xml.Close();
    EXPECT_EQ(ParseXml(std::move(xml).Finish())->ChildText("B"), text);
  }
}

TEST(QueryProtocol, ListsMapsAndStructures) {
  QueryParameters parameters(
      "Action=Publish",
      "Action=Other&L.member.2=b&L.member.10=c&L.member.1=a%20+&F.1=x&"
      "M.entry.1.key=k&M.entry.1.value=v&M.entry.2.key=l&Tags.member.1.Key=t&Tags.member.1.Value=w&"
      "Filter.1.Name=n&Filter.1.Value.1=z&L.member.x=no&L.memberx.1=no");
  EXPECT_EQ(parameters.Action(), "Publish");
  EXPECT_EQ(parameters.List("L"), (std::vector<std::string>{"a  ", "b", "c"}));
  EXPECT_EQ(parameters.List("F"), std::vector<std::string>{"x"});
  EXPECT_TRUE(parameters.List("Absent").empty());
  EXPECT_EQ(parameters.Map("M"),
            (std::vector<std::pair<std::string, std::string>>{{"k", "v"}, {"l", ""}}));
  ASSERT_EQ(parameters.Structures("Tags").size(), 1u);
  EXPECT_EQ(parameters.Structures("Tags")[0].Get("Value"), "w");
  EXPECT_EQ(parameters.Structures("Filter").at(0).List("Value"), std::vector<std::string>{"z"});
}

}  // namespace
}  // namespace penstock
