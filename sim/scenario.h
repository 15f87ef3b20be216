// What one seed draws before the world starts: the pipelines' graphs and schedules, and the
// weather.
#pragma once

#include <string>
#include <vector>

#include "definition/definition.h"
#include "engine/options.h"
#include "sim/dice.h"

namespace penstock::sim {

/// How often things go wrong, in percent. Swarm testing: every seed has its own, and many are zero.
struct Weather {
  int loss = 0, duplicate = 0, late = 0;  // of messages
  int crash_before = 0, crash_after = 0;  // of commits
  int commit_fails = 0;                   // full disk
  int hang = 0, die = 0;                  // workers, per task
  int task_fails = 0, precondition_unmet = 0;
  int effect_fails = 0, machine_lost = 0, worker_replaced = 0;
  int command = 0, edit = 0;                 // per simulated minute
  int clock_jump = 0, worker_host_dies = 0;  // per ten minutes
};

struct PipelinePlan {
  Definition definition;
  bool on_demand = false;
  int runs = 1;                            // activations of an on-demand pipeline
  std::vector<std::string> components;     // activities and data nodes
  std::vector<std::string> worker_groups;  // that its activities name
};

struct Scenario {
  Weather weather;
  engine::EngineOptions options;
  std::vector<PipelinePlan> pipelines;
  int workers = 2;
  int storm_hours = 12;  // of the safety phase
};

Scenario Draw(Dice& dice);

/// Ids of objects that an edit added begin so.
constexpr std::string_view kAddedPrefix = "X";

/// Changes the pipeline's definition as a user may once it is active: other texts, more
/// occurrences, another activity.
void DrawEdit(Dice& dice, PipelinePlan& plan);

}  // namespace penstock::sim
