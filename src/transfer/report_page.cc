#include "transfer/report_page.h"

#include <algorithm>
#include <map>

#include "aws/xml_writer.h"

namespace penstock {
namespace {

constexpr size_t kSamplesMax = 1200;
constexpr double kWidth = 900, kHeight = 260, kLeft = 60, kBottom = 30, kTop = 10;

/// 1, 2 or 5 times a power of ten, at least a fifth of `most`.
double TickStep(double most) {
  double step = 1;
  while (step * 50 <= most) step *= 10;
  for (double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (step * factor * 5 >= most) return step * factor;
  }
  return step * 10;
}

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;"
    "color:#16191f;background:#fff}h1{font-size:1.4em}table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.2em 1.5em .2em 0;vertical-align:top;font-weight:normal}"
    "th{color:#5f6b7a}svg{width:100%;height:auto}.bad{color:#b0000f}"
    "@media(prefers-color-scheme:dark){body{color:#e9ebed;background:#0f1b2a}th{color:#9ba7b6}"
    ".bad{color:#ff8a8a}}";

}  // namespace

void ReportPage::Add(const Progress& progress) {
  if (progress.phase != phase_) {
    base_seconds_ += phase_seconds_;
    phase_ = progress.phase;
    throttles_before_ = 0;
  }
  phase_seconds_ = progress.seconds;
  uint64_t throttles = progress.throttles - std::min(throttles_before_, progress.throttles);
  throttles_before_ = progress.throttles;
  double at = base_seconds_ + progress.seconds;
  if (!samples_.empty() && reports_in_last_ < reports_per_sample_) {
    Sample& last = samples_.back();
    double weight = 1.0 / static_cast<double>(++reports_in_last_);
    last.seconds = at;
    last.consumed += (progress.units_per_second - last.consumed) * weight;
    last.allowed += (progress.target - last.allowed) * weight;
    last.throttles += throttles;
    last.limited_by = progress.limited_by;
    return;
  }
  samples_.push_back(
      {at, progress.units_per_second, progress.target, throttles, progress.limited_by});
  reports_in_last_ = 1;
  if (samples_.size() <= kSamplesMax) return;
  for (size_t i = 0; i + 1 < samples_.size(); i += 2) {
    const Sample &first = samples_[i], &second = samples_[i + 1];
    samples_[i / 2] = {second.seconds, (first.consumed + second.consumed) / 2,
                       (first.allowed + second.allowed) / 2, first.throttles + second.throttles,
                       second.limited_by};
  }
  samples_.resize(samples_.size() / 2);
  reports_per_sample_ *= 2;
  reports_in_last_ = reports_per_sample_;
}

std::string ReportPage::Plot() const {
  double seconds = 1, units = 1;
  for (const Sample& sample : samples_) {
    seconds = std::max(seconds, sample.seconds);
    units = std::max({units, sample.consumed, sample.allowed});
  }
  units *= 1.05;
  auto x = [&](double at) { return kLeft + at / seconds * (kWidth - kLeft - 10); };
  auto y = [&](double value) {
    return kHeight - kBottom - value / units * (kHeight - kBottom - kTop);
  };
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Consumed and allowed capacity units a "
      "second over time\" font-size=\"12\" fill=\"currentColor\">\n",
      kWidth, kHeight);
  double step = TickStep(units);
  for (double value = 0; value <= units; value += step) {
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#8886\"/><text "
        "x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kWidth - 10, y(value), kLeft - 6, y(value) + 4, value);
  }
  step = TickStep(seconds);
  for (double at = 0; at <= seconds; at += step) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{} s</text>\n", x(at),
                       kHeight - 8, at);
  }
  std::string consumed, allowed, throttles;
  auto draw = [&](double at, const Sample& sample) {
    consumed += fmt::format("{:.1f},{:.1f} ", x(at), y(sample.consumed));
    // A phase without a bound has no line.
    if (sample.allowed > 0) allowed += fmt::format("{:.1f},{:.1f} ", x(at), y(sample.allowed));
  };
  // The first sample speaks for all since the beginning.
  if (!samples_.empty()) draw(0, samples_.front());
  for (const Sample& sample : samples_) {
    draw(sample.seconds, sample);
    if (sample.throttles > 0) {
      throttles += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{}\" r=\"3\" fill=\"#b0000f\"><title>{} throttled</title>"
          "</circle>\n",
          x(sample.seconds), kTop + 4, sample.throttles);
    }
  }
  svg += fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"#e07941\" stroke-width=\"2\" "
      "stroke-dasharray=\"6 4\"/>\n<polyline points=\"{}\" fill=\"none\" stroke=\"#0972d3\" "
      "stroke-width=\"2\"/>\n{}</svg>\n<p><span style=\"color:#0972d3\">━</span> consumed &nbsp; "
      "<span style=\"color:#e07941\">╍</span> allowed &nbsp; <span "
      "style=\"color:#b0000f\">●</span> "
      "throttled</p>\n",
      allowed, consumed, throttles);
  return svg;
}

std::string ReportPage::Html(const TransferReport* report, const Error* error) const {
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{0}</title>"
      "<style>{1}</style></head>\n<body>\n<h1>{0}</h1>\n",
      XmlEscape(title_), kStyle);
  const Error* bad = error;
  if (bad == nullptr && report != nullptr && report->refusal) bad = &*report->refusal;
  if (bad != nullptr) page += fmt::format("<p class=\"bad\">{}</p>\n", XmlEscape(bad->message));
  if (report != nullptr) {
    page += "<table>\n";
    auto row = [&](std::string_view name, const std::string& value) {
      page +=
          fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, XmlEscape(value));
    };
    row("Items", std::to_string(report->items));
    row("Bytes of files", std::to_string(report->bytes));
    row("Seconds", fmt::format("{:.1f}", report->seconds));
    row("Capacity units consumed", fmt::format("{:.1f}", report->consumed_units));
    if (report->index_units > 0) row("of indexes", fmt::format("{:.1f}", report->index_units));
    row("Capacity units allowed", fmt::format("{:.1f}", report->allowed_units));
    row("Throttled requests", std::to_string(report->throttled_requests));
    row("Rejected items", std::to_string(report->rejected));
    if (report->blank_lines > 0) row("Blank lines", std::to_string(report->blank_lines));
    row("Digest", FormatDigest(report->digest));
    if (report->resumed_from) row("Resumed", *report->resumed_from);
    if (report->manifest) row("Manifest", *report->manifest);
    if (report->rejects_file) row("Rejected lines", *report->rejects_file);
    page += "</table>\n";
  }
  if (!samples_.empty()) page += "<h2>Capacity units a second</h2>\n" + Plot();
  std::map<std::string, size_t> limits;
  for (const Sample& sample : samples_) {
    if (!sample.limited_by.empty())
      ++limits[sample.limited_by.substr(0, sample.limited_by.find(':'))];
  }
  if (!limits.empty()) {
    page += "<h2>What limited it</h2>\n<ul>\n";
    for (const auto& [what, count] : limits) {
      page +=
          fmt::format("<li>{}: {:.0f} % of the time</li>\n", XmlEscape(what),
                      100.0 * static_cast<double>(count) / static_cast<double>(samples_.size()));
    }
    page += "</ul>\n";
  }
  auto list = [&](std::string_view heading, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    page += fmt::format("<h2>{}</h2>\n<ul>\n", heading);
    for (const std::string& line : lines) page += fmt::format("<li>{}</li>\n", XmlEscape(line));
    page += "</ul>\n";
  };
  if (report != nullptr) {
    list("Warnings", report->warnings);
    list("Differences", report->differences);
    std::vector<std::string> rejects;
    for (const Reject& reject : report->rejects) rejects.push_back(reject.Describe());
    list("Rejected", rejects);
  }
  return page + "</body>\n</html>\n";
}

}  // namespace penstock
