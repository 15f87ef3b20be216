#include "transfer/foreign_load.h"

#include <algorithm>

#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr Duration kAskInterval{60'000};
constexpr Duration kWindow{300'000};
constexpr Duration kMinute{60'000};
constexpr double kSmoothing = 0.5;  // weight of the newest answer

/// The newest minute's sum and when it began; nullopt: no data, which is how CloudWatch says
/// nothing.
struct Sum {
  Instant at;
  double units;
};

void Collect(const XmlElement& element, std::optional<Sum>* newest) {
  for (const XmlElement& child : element.children) {
    Collect(child, newest);
    if (child.name != "member") continue;
    auto at = ParseIso(child.ChildText("Timestamp"));
    auto sum = ParseDouble(child.ChildText("Sum"));
    if (at && sum && (!*newest || *at > (*newest)->at)) *newest = Sum{*at, *sum};
  }
}

}  // namespace

ForeignLoad::ForeignLoad(ClientContext context, ServiceEndpoint cloudwatch, std::string table,
                         CapacityKind kind)
    : context_(context),
      cloudwatch_(std::move(cloudwatch)),
      table_(std::move(table)),
      metric_(kind == CapacityKind::kRead ? "ConsumedReadCapacityUnits"
                                          : "ConsumedWriteCapacityUnits") {}

Result<double> ForeignLoad::UnitsPerSecond(double own_units, std::stop_token stop) {
  std::lock_guard lock(mutex_);
  Instant now = context_.clock->Now();
  own_.push_back({now, own_units});
  while (own_.size() > 2 && own_[1].at < now - kWindow - kMinute) own_.pop_front();
  if (asked_at_ && now - *asked_at_ < kAskInterval) {
    if (failed_) return *failed_;
    return load_;
  }
  asked_at_ = now;
  Result<double> load = Ask(now, std::move(stop));
  if (!load) {
    failed_ = load.error();
    return std::move(load.error());
  }
  failed_.reset();
  load_ = is_known_ ? load_ + kSmoothing * (*load - load_) : *load;
  is_known_ = true;
  return load_;
}

Result<double> ForeignLoad::Ask(Instant now, std::stop_token stop) {
  std::string body = fmt::format(
      "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FDynamoDB&MetricName={}"
      "&Dimensions.member.1.Name=TableName&Dimensions.member.1.Value={}"
      "&StartTime={}&EndTime={}&Period=60&Statistics.member.1=Sum",
      metric_, PercentEncode(table_), PercentEncode(FormatIsoMillis(now - kWindow)),
      PercentEncode(FormatIsoMillis(now)));
  ServiceCall call;
  call.service = "monitoring";
  call.headers.Add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  call.body = body;
  auto response = CallService(context_, cloudwatch_, call, RetryPolicy::kStandard, nullptr, stop);
  if (!response)
    return response.error().ToError("asking CloudWatch how much of table " + table_ + " is used");
  auto root = ParseXml(response->body);
  if (!root) return Corrupt("the answer of CloudWatch cannot be read: " + root.error().message);
  std::optional<Sum> newest;
  Collect(*root, &newest);
  if (!newest) return 0.0;
  double own = OwnBetween(newest->at, newest->at + kMinute);
  return std::max(0.0, newest->units - own) / 60;
}

double ForeignLoad::OwnBetween(Instant from, Instant to) const {
  auto at = [&](Instant when) {
    double units = 0;
    for (size_t i = 0; i < own_.size(); ++i) {
      if (own_[i].at > when) {
        if (i == 0) return 0.0;
        double span = static_cast<double>((own_[i].at - own_[i - 1].at).count());
        double part = static_cast<double>((when - own_[i - 1].at).count()) / std::max(1.0, span);
        return own_[i - 1].units + part * (own_[i].units - own_[i - 1].units);
      }
      units = own_[i].units;
    }
    return units;
  };
  return std::max(0.0, at(to) - at(from));
}

}  // namespace penstock
