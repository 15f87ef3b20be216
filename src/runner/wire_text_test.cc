#include "runner/wire_text.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(WireTextTest, GoodTextStays) {
  for (std::string_view text :
       {"", "plain", "tab\tline\r\n", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\x7F"}) {
    EXPECT_EQ(WireText(text, 1000), text);
  }
}

TEST(WireTextTest, WhatTheApiRefusesIsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(WireText("\x1B[31mred", 1000), bad + "[31mred");
  EXPECT_EQ(WireText(std::string_view("a\0b", 3), 1000), "a" + bad + "b");
  EXPECT_EQ(WireText("caf\xE9 Latin-1", 1000), "caf" + bad + " Latin-1");
  EXPECT_EQ(WireText("\xC0\xAF", 1000), bad + bad);                      // overlong
  EXPECT_EQ(WireText("\xED\xA0\x80", 1000), bad + bad + bad);            // a surrogate
  EXPECT_EQ(WireText("\xF4\x90\x80\x80", 1000), bad + bad + bad + bad);  // beyond U+10FFFF
  EXPECT_EQ(WireText("\xEF\xBF\xBF", 1000), bad);
  EXPECT_EQ(WireText("cut\xE2\x82", 1000), "cut" + bad + bad);
}

TEST(WireTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(WireText("12345", 3), "123");
  EXPECT_EQ(WireText("12\xE2\x82\xAC", 4), "12");
  EXPECT_EQ(WireText("12\xE2\x82\xAC", 5), "12\xE2\x82\xAC");
  EXPECT_EQ(WireText("1\xFF\xFF", 4), "1\xEF\xBF\xBD");
}

}  // namespace
}  // namespace penstock
