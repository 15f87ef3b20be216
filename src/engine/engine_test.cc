#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

TEST(UndoTest, RevertTakesAnApplyBackExactly) {
  Driver d;
  d.Activated(WithResource());
  const auto snapshot = [&] {
    std::string text;
    for (const Timer& timer : d.state.timers)
      text += FormatIsoMillis(timer.at) + timer.pipeline + timer.subject + "\n";
    for (const auto& [id, work] : d.state.pipelines) {
      text += EncodeRecord(work.record);
      for (const auto& [name, run] : work.runs)
        text += EncodeRecord(run.instance) + (run.attempt ? EncodeRecord(*run.attempt) : "");
      for (const auto& [key, effect] : work.effects) text += EncodeRecord(effect);
      for (const auto& [a, b] : work.dependents) text += a + ">" + b;
      for (const auto& [a, b] : work.users) text += a + "<" + b;
    }
    return text;
  };
  const std::string before = snapshot();
  const std::vector<EventBody> bodies = {
      EffectDone{d.pipeline, d.effects[0].key, EffectOutcome::kSucceeded, "", "", {}},
      DeletePipeline{d.pipeline}, Deactivate{d.pipeline, true},
      CreatePipeline{"q", "q", "", "", {}}, SetStatus{d.pipeline, {kA}, "TRY_CANCEL"}};
  for (const EventBody& body : bodies) {
    const Decision decision = Decide(d.state, {d.now(), {5, 6}, d.Key().scope, body});
    EXPECT_FALSE(decision.writes.empty());
    Undo undo = ApplyWithUndo(d.state, decision.writes);
    EXPECT_NE(snapshot(), before);
    Revert(d.state, std::move(undo));
    EXPECT_EQ(snapshot(), before);
  }
}

TEST(ScaleTest, OtherPipelinesDoNotMatter) {
  Driver d;
  for (int i = 0; i < 50; ++i) d.Activated(Hourly("cron", {Shell("A")}));
  EXPECT_EQ(d.WorkAll().size(), 50u);
  d.RunTo("2014-05-01T01:00:00");
  EXPECT_EQ(d.WorkAll().size(), 50u);
}

// A server has many more pipelines than compiled texts: see engine/compiled_definition.h.
TEST(ScaleTest, WhatFallsDueIsDecidedWithoutItsText) {
  Driver d;
  d.state.compiled = std::make_shared<CompiledCache>(
      CompiledCache::Bounds{.objects = 0, .components = 100, .definitions_min = 0});
  d.Activated(Hourly("cron", {Shell("A"), Shell("B", {"dependsOn->A"})}));
  d.WorkAll();
  ASSERT_EQ(d.state.compiled->objects(), 0u);
  for (const char* at : {"2014-05-01T00:55:00", "2014-05-01T01:00:00"}) {  // made, then due
    const Event wake{At(at), {1, 1}, d.Key().scope, Wake{}};
    EXPECT_TRUE(Needs(d.state, wake).empty());
    EXPECT_FALSE(Decide(d.state, wake).writes.empty());
    EXPECT_EQ(d.state.compiled->objects(), 0u) << at;
    d.RunTo(at);
  }
  EXPECT_EQ(d.WorkAll().size(), 2u);
}

}  // namespace
}  // namespace penstock::engine
