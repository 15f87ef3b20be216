#include "engine/compiled_definition.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace penstock::engine {
namespace {

DefinitionRecord Text(uint64_t version, int activities) {
  DefinitionRecord record{version, {}};
  record.definition.objects.push_back(
      {"Default", "Default", {{"scheduleType", "ondemand", false}}});
  for (int i = 1; i < activities; ++i) {
    std::string id = "Activity" + std::to_string(i);
    record.definition.objects.push_back(
        {id, id, {{"type", "ShellCommandActivity", false}, {"command", "true", false}}});
  }
  return record;
}

TEST(CompiledDefinition, APackedTextGivesBackWhatWasPacked) {
  const auto cache = std::make_shared<CompiledCache>();
  const DefinitionRecord record = Text(7, 3);
  const PackedDefinition packed(record, cache);
  EXPECT_EQ(packed.Unpack(), record);
  EXPECT_TRUE(packed.Holds(record));
  EXPECT_FALSE(packed.Holds(Text(7, 4)));
  EXPECT_EQ(packed.Compiled().version, 7u);
  EXPECT_EQ(packed.Compiled().resolved.source(), record.definition);
}

TEST(CompiledDefinition, OnlyWhatIsUsedStaysCompiled) {
  const auto cache =
      std::make_shared<CompiledCache>(CompiledCache::Bounds{.objects = 10, .definitions_min = 1});
  std::vector<std::unique_ptr<PackedDefinition>> texts;
  for (uint64_t i = 0; i < 4; ++i) {
    texts.push_back(std::make_unique<PackedDefinition>(Text(i, 5), cache));
  }
  EXPECT_EQ(cache->objects(), 0u);
  for (const auto& text : texts) (void)text->Compiled();
  EXPECT_EQ(cache->objects(), 20u);  // nothing goes while a decision may look at it
  const CompiledDefinition* first = &texts[0]->Compiled();
  cache->Trim();
  EXPECT_EQ(cache->objects(), 10u);
  EXPECT_EQ(&texts[0]->Compiled(), first);
  EXPECT_EQ(texts[1]->Compiled().version, 1u);
  texts.clear();
  EXPECT_EQ(cache->objects(), 0u);
}

TEST(CompiledDefinition, AFewStayHoweverLarge) {
  const auto cache =
      std::make_shared<CompiledCache>(CompiledCache::Bounds{.objects = 4, .definitions_min = 2});
  const PackedDefinition first(Text(1, 5), cache), second(Text(2, 5), cache),
      third(Text(3, 5), cache);
  for (const PackedDefinition* text : {&first, &second, &third}) (void)text->Compiled();
  cache->Trim();
  EXPECT_EQ(cache->objects(), 10u);
}

TEST(CompiledDefinition, APlanOutlivesItsCompiledText) {
  const auto cache = std::make_shared<CompiledCache>(
      CompiledCache::Bounds{.objects = 5, .components = 9, .definitions_min = 1});
  const PackedDefinition first(Text(1, 5), cache), second(Text(2, 5), cache),
      third(Text(3, 5), cache);
  const Plan* plan = &first.plan();
  EXPECT_EQ(plan->components.size(), 4u);
  (void)second.plan();
  cache->Trim();
  EXPECT_EQ(cache->objects(), 5u);
  EXPECT_EQ(cache->components(), 8u);
  EXPECT_EQ(&first.plan(), plan);
  EXPECT_EQ(cache->objects(), 5u);          // nothing was compiled for it
  EXPECT_EQ(&first.Compiled().plan, plan);  // nor planned again
  (void)third.plan();
  cache->Trim();
  EXPECT_EQ(cache->components(), 8u);
  EXPECT_EQ(second.plan().components.size(), 4u);
}

}  // namespace
}  // namespace penstock::engine
