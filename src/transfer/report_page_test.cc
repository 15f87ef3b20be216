#include "transfer/report_page.h"

#include <gtest/gtest.h>

#include "transfer/transfer.h"

namespace penstock {
namespace {

TEST(ReportPage, ThinsOutAndEscapes) {
  ReportPage page("a <b> & c");
  for (int i = 0; i < 5000; ++i) {
    Progress progress;
    progress.phase = "exporting";
    progress.seconds = i;
    progress.units_per_second = 100;
    progress.target = 110;
    progress.limited_by = "rate: 0.25 of 440";
    page.Add(progress);
  }
  TransferReport report;
  report.warnings.push_back("<script>");
  std::string html = page.Html(&report, nullptr);
  EXPECT_LT(html.size(), 100'000u);
  EXPECT_NE(html.find("a &lt;b&gt; &amp; c"), std::string::npos);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("rate: 100 % of the time"), std::string::npos);
}

TEST(ReportPage, ARunOfLessThanASecondHasALineToo) {
  ReportPage page("short");
  Progress progress;
  progress.phase = "exporting";
  progress.seconds = 0.5;
  progress.units_per_second = 10;
  progress.target = 20;
  page.Add(progress);
  TransferReport report;
  // From the beginning to half of the axis.
  EXPECT_NE(page.Html(&report, nullptr).find("<polyline points=\"60.0,20.5 475.0,20.5 \""),
            std::string::npos)
      << page.Html(&report, nullptr);
}

}  // namespace
}  // namespace penstock
