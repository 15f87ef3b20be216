#include "sim/mutations.h"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include "engine/codec.h"
#include "sim/world.h"

namespace penstock::sim {
namespace {

using engine::AttemptRecord;
using engine::ComponentRecord;
using engine::Decision;
using engine::EffectKind;
using engine::EffectRecord;
using engine::Event;
using engine::InstanceRecord;
using engine::PipelineRecord;
using engine::RecordKind;
using engine::RunStatus;
using engine::Write;

// ---- shapes of faults

using Decides = std::function<void(const Rows&, const Event&, Decision&)>;

/// What the disk has of the record that `write` would replace.
template <class Record>
std::optional<Record> ReadOld(const Rows& disk, const Write& write) {
  const auto row = disk.find(engine::RecordKey(write));
  if (row == disk.end()) return std::nullopt;
  return std::get<Record>(engine::DecodeRecord(row->first, row->second)->change);
}

/// Loses some writes of one kind of record.
template <class Record>
Decides Drop(Dice dice, int percent) {
  return [dice, percent](const Rows&, const Event&, Decision& decision) mutable {
    std::erase_if(decision.writes, [&](const Write& write) {
      return std::holds_alternative<Record>(write.change) && dice.Percent(percent);
    });
  };
}

/// Changes some writes of one kind of record; `change` gets what the disk has of it, or nullptr.
template <class Record>
Decides Change(Dice dice, int percent, void (*change)(const Event&, const Record* old, Record&)) {
  return [dice, percent, change](const Rows& disk, const Event& event, Decision& decision) mutable {
    for (Write& write : decision.writes) {
      auto* record = std::get_if<Record>(&write.change);
      if (record == nullptr || !dice.Percent(percent)) continue;
      const auto old = ReadOld<Record>(disk, write);
      change(event, old ? &*old : nullptr, *record);
    }
  };
}

/// Loses some effects with their writes, as if they had never been decided.
Decides DropEffects(Dice dice, int percent, bool (*which)(const EffectRecord&)) {
  return [dice, percent, which](const Rows&, const Event&, Decision& decision) mutable {
    std::erase_if(decision.effects, [&](const EffectRecord& effect) {
      if (!which(effect) || !dice.Percent(percent)) return false;
      std::erase_if(decision.writes, [&](const Write& write) {
        const auto* written = std::get_if<EffectRecord>(&write.change);
        return written != nullptr && written->key == effect.key;
      });
      return true;
    });
  };
}

bool IsAlarm(const EffectRecord& effect) { return effect.kind == EffectKind::kPublishAlarm; }
bool IsTermination(const EffectRecord& effect) {
  return effect.kind == EffectKind::kTerminateResource;
}

std::optional<AttemptRecord> ReadAttempt(const Rows& disk, const engine::TaskKey& task,
                                         const engine::Scope& scope) {
  const auto row = disk.find(engine::RecordKey({scope, task.pipeline}, RecordKind::kAttempt,
                                               engine::AttemptId(task.instance, task.attempt)));
  if (row == disk.end()) return std::nullopt;
  return std::get<AttemptRecord>(engine::DecodeRecord(row->first, row->second)->change);
}

/// The disk as it was before its last commit.
struct LastCommit {
  Rows before;
  std::vector<Write> writes;
};

void Put(Rows& disk, const Write& write) {
  if (std::holds_alternative<engine::ErasePipeline>(write.change) ||
      std::holds_alternative<engine::EraseRecord>(write.change))
    return;
  disk[engine::RecordKey(write)] = engine::EncodeRecord(write.change);
}

Mutation Deciding(Decides decides) {
  Mutation mutation;
  mutation.decides = std::move(decides);
  return mutation;
}

// ---- the faults

constexpr MutationKind kKinds[] = {
    {"drop-instance-write", "an instance's record is sometimes not written",
     [](Dice dice) { return Deciding(Drop<InstanceRecord>(dice, 3)); }},
    {"drop-attempt-write", "an attempt's record is sometimes not written",
     [](Dice dice) { return Deciding(Drop<AttemptRecord>(dice, 3)); }},
    {"drop-component-write", "a component's progress is sometimes not written",
     [](Dice dice) { return Deciding(Drop<ComponentRecord>(dice, 5)); }},
    {"drop-pipeline-write", "a pipeline's record is sometimes not written",
     [](Dice dice) { return Deciding(Drop<PipelineRecord>(dice, 20)); }},
    {"drop-launch-or-check", "a machine is sometimes never asked for, a precondition never checked",
     [](Dice dice) {
       return Deciding(DropEffects(dice, 10, [](const EffectRecord& effect) {
         return !IsAlarm(effect) && !IsTermination(effect);
       }));
     }},
    {"drop-termination", "a machine's end is sometimes never asked for",
     [](Dice dice) { return Deciding(DropEffects(dice, 20, IsTermination)); }},
    {"drop-alarm", "an alarm is sometimes not decided",
     [](Dice dice) { return Deciding(DropEffects(dice, 20, IsAlarm)); }},
    {"alarm-twice", "an alarm is sometimes decided under two keys",
     [](Dice dice) {
       return Deciding([dice](const Rows&, const Event&, Decision& decision) mutable {
         const std::vector<Write> writes = decision.writes;
         for (const Write& write : writes) {
           const auto* effect = std::get_if<EffectRecord>(&write.change);
           if (effect == nullptr || !IsAlarm(*effect) || !dice.Percent(20)) continue;
           EffectRecord again = *effect;
           again.key += "_2";
           decision.effects.push_back(again);
           decision.writes.push_back({write.pipeline, again});
         }
       });
     }},
    {"effect-without-write", "an effect is sometimes executed and not in the outbox",
     [](Dice dice) { return Deciding(Drop<EffectRecord>(dice, 10)); }},
    {"forget-timer", "when to look at an instance again is sometimes not noted",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 10, [](const Event&, const InstanceRecord*, InstanceRecord& record) {
             record.wake_at.reset();
           }));
     }},
    {"forget-deadline", "an attempt sometimes has no deadline",
     [](Dice dice) {
       return Deciding(Change<AttemptRecord>(
           dice, 10, [](const Event&, const AttemptRecord*, AttemptRecord& record) {
             record.deadline.reset();
           }));
     }},
    {"swap-lease", "a stale worker's report is taken as the present one's",
     [](Dice) {
       Mutation mutation;
       mutation.hears = [](const Rows& disk, Event& event) {
         engine::TaskKey* task = nullptr;
         if (auto* report = std::get_if<engine::ReportProgress>(&event.body)) task = &report->task;
         if (auto* report = std::get_if<engine::SetTaskStatus>(&event.body)) task = &report->task;
         if (task == nullptr) return;
         const auto attempt = ReadAttempt(disk, *task, event.scope);
         if (attempt && attempt->lease != 0) task->lease = attempt->lease;
       };
       return mutation;
     }},
    {"repeat-lease", "what is offered again is handed out under the lease it had before",
     [](Dice) {
       return Deciding([](const Rows&, const Event&, Decision& decision) {
         auto* task = std::get_if<engine::Task>(&decision.reply);
         if (task == nullptr || task->key.lease < 2) return;
         task->key.lease = 1;
         for (Write& write : decision.writes) {
           auto* attempt = std::get_if<AttemptRecord>(&write.change);
           if (attempt != nullptr && attempt->lease > 1) attempt->lease = attempt->leases = 1;
         }
       });
     }},
    {"hand-out-unwritten", "a hand-out is sometimes not written down",
     [](Dice dice) {
       return Deciding([dice](const Rows&, const Event&, Decision& decision) mutable {
         if (std::holds_alternative<engine::Task>(decision.reply) && dice.Percent(20))
           decision.writes.clear();
       });
     }},
    {"ignore-dependency", "an instance sometimes forgets one of those that it waits for",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 10, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old == nullptr && !record.waiting_on.empty()) record.waiting_on.pop_back();
           }));
     }},
    {"keep-waiting", "an instance sometimes goes on waiting for what has FINISHED",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 10, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old != nullptr && !engine::IsTerminal(record.status))
               record.waiting_on = old->waiting_on;
           }));
     }},
    {"drop-block", "an instance is sometimes not told that what it waits for failed",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 20, [](const Event&, const InstanceRecord*, InstanceRecord& record) {
             record.blocked_by.clear();
           }));
     }},
    {"drop-cascade", "a failure does not cascade",
     [](Dice) {
       return Deciding([](const Rows&, const Event&, Decision& decision) {
         std::erase_if(decision.writes, [](const Write& write) {
           const auto* instance = std::get_if<InstanceRecord>(&write.change);
           return instance != nullptr && instance->status == RunStatus::kCascadeFailed;
         });
       });
     }},
    {"skip-interval", "a schedule sometimes goes on two intervals instead of one",
     [](Dice dice) {
       return Deciding(Change<ComponentRecord>(
           dice, 10, [](const Event&, const ComponentRecord* old, ComponentRecord& record) {
             if (old != nullptr && record.next_interval > old->next_interval)
               ++record.next_interval;
           }));
     }},
    {"repeat-interval", "a schedule sometimes does not go on when it should",
     [](Dice dice) {
       return Deciding(Change<ComponentRecord>(
           dice, 10, [](const Event&, const ComponentRecord* old, ComponentRecord& record) {
             if (old != nullptr) record.next_interval = old->next_interval;
           }));
     }},
    {"early-boundary", "an instance is sometimes due a second before its interval",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 20, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old == nullptr) record.due_at -= std::chrono::seconds(1);
           }));
     }},
    {"long-interval", "an instance's interval sometimes ends a second late",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 20, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old == nullptr) record.scheduled_end += std::chrono::seconds(1);
           }));
     }},
    {"extra-try", "an instance sometimes has one try more than maximumRetries",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 30, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old == nullptr) ++record.tries_left;
           }));
     }},
    {"give-up-early", "an instance sometimes has one try less than maximumRetries",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 30, [](const Event&, const InstanceRecord* old, InstanceRecord& record) {
             if (old == nullptr && record.tries_left > 1) --record.tries_left;
           }));
     }},
    {"no-retry-delay", "a retry sometimes comes after a second instead of the retryDelay",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 30, [](const Event& event, const InstanceRecord*, InstanceRecord& record) {
             if (!record.retry_at || engine::IsTerminal(record.status)) return;
             record.retry_at = record.wake_at = event.at + std::chrono::seconds(1);
           }));
     }},
    {"forget-retry", "a retry is sometimes never made",
     [](Dice dice) {
       return Deciding(Change<InstanceRecord>(
           dice, 20, [](const Event&, const InstanceRecord*, InstanceRecord& record) {
             if (!record.retry_at) return;
             record.retry_at.reset();
             record.wake_at.reset();
           }));
     }},
    {"ignore-pause", "pausing a component does not hold what waits",
     [](Dice) {
       return Deciding([](const Rows&, const Event&, Decision& decision) {
         for (Write& write : decision.writes) {
           if (auto* instance = std::get_if<InstanceRecord>(&write.change)) instance->held = false;
           if (auto* attempt = std::get_if<AttemptRecord>(&write.change)) attempt->held = false;
         }
       });
     }},
    {"last-come-first-served", "the newest task of a group is handed out first",
     [](Dice) {
       // The place in the queue is the attempt's time of creation.
       return Deciding(Change<AttemptRecord>(
           Dice(0), 100, [](const Event& event, const AttemptRecord* old, AttemptRecord& record) {
             if (old == nullptr)
               record.created_at -= 2 * (event.at - *ParseDateTime("2024-02-27T00:00:00"));
           }));
     }},
    {"failed-is-finished", "a worker's FAILED is sometimes heard as FINISHED",
     [](Dice dice) {
       Mutation mutation;
       mutation.hears = [dice](const Rows&, Event& event) mutable {
         auto* report = std::get_if<engine::SetTaskStatus>(&event.body);
         if (report == nullptr || !dice.Percent(20)) return;
         report->outcome = engine::TaskOutcome::kFinished;
       };
       return mutation;
     }},
    {"deaf-to-lost-workers", "what a dead worker held stays with it",
     [](Dice) {
       Mutation mutation;
       mutation.hears = [](const Rows&, Event& event) {
         if (std::holds_alternative<engine::WorkerLost>(event.body)) event.body = engine::Wake{};
       };
       return mutation;
     }},
    {"deaf-to-lost-machines", "a machine that is gone is taken as running",
     [](Dice) {
       Mutation mutation;
       mutation.hears = [](const Rows&, Event& event) {
         if (std::holds_alternative<engine::ResourceGone>(event.body)) event.body = engine::Wake{};
       };
       return mutation;
     }},
    {"ignore-edit", "an activation goes on with the text that was active before",
     [](Dice) {
       return Deciding(Change<PipelineRecord>(
           Dice(0), 100, [](const Event&, const PipelineRecord* old, PipelineRecord& record) {
             if (old != nullptr && old->active_version != 0)
               record.active_version = old->active_version;
           }));
     }},
    {"miss-history", "what ended is not found when an event asks for it",
     [](Dice) {
       Mutation mutation;
       mutation.misses = [](const engine::Need&) { return true; };
       return mutation;
     }},
    {"lose-attempt-rows", "the store sometimes keeps a decision without its attempts",
     [](Dice dice) {
       Mutation mutation;
       mutation.commits = [dice](const Rows&, std::vector<Write>& writes) mutable {
         if (!dice.Percent(5)) return;
         std::erase_if(writes, [](const Write& write) {
           return std::holds_alternative<AttemptRecord>(write.change);
         });
       };
       return mutation;
     }},
    {"reorder-writes", "the store applies a decision's writes last to first",
     [](Dice) {
       Mutation mutation;
       mutation.commits = [](const Rows&, std::vector<Write>& writes) {
         std::reverse(writes.begin(), writes.end());
       };
       return mutation;
     }},
    {"torn-commit", "a crash leaves half of the last commit",
     [](Dice) {
       Mutation mutation;
       auto last = std::make_shared<LastCommit>();
       mutation.commits = [last](const Rows& disk, std::vector<Write>& writes) {
         *last = {disk, writes};
       };
       mutation.crashes = [last](Rows& disk) {
         if (last->writes.size() < 2) return;
         disk = last->before;
         for (size_t i = 0; i < last->writes.size() / 2; ++i) Put(disk, last->writes[i]);
       };
       return mutation;
     }},
    {"unsynced-commit", "a crash loses the last commit",
     [](Dice) {
       Mutation mutation;
       auto last = std::make_shared<LastCommit>();
       mutation.commits = [last](const Rows& disk, std::vector<Write>& writes) {
         if (!writes.empty()) *last = {disk, writes};
       };
       mutation.crashes = [last](Rows& disk) {
         if (!last->writes.empty()) disk = last->before;
       };
       return mutation;
     }},
    {"answer-before-commit", "callers are answered before it is known whether the commit succeeds",
     [](Dice) {
       Mutation mutation;
       mutation.answers_early = true;
       return mutation;
     }},
    {"keep-failed-commit", "memory keeps what could not be committed",
     [](Dice) {
       Mutation mutation;
       mutation.keeps_failed_commits = true;
       return mutation;
     }},
    {"effect-before-commit", "effects start before it is known whether the commit succeeds",
     [](Dice) {
       Mutation mutation;
       mutation.starts_early = true;
       return mutation;
     }},
    {"lose-effect", "the executor sometimes drops an effect",
     [](Dice dice) {
       Mutation mutation;
       mutation.executes = [dice](const EffectRecord&) mutable { return dice.Percent(10) ? 0 : 1; };
       return mutation;
     }},
    {"effect-twice", "the executor sometimes executes an effect twice",
     [](Dice dice) {
       Mutation mutation;
       mutation.executes = [dice](const EffectRecord&) mutable { return dice.Percent(10) ? 2 : 1; };
       return mutation;
     }},
    {"forget-outbox", "the executor starts with nothing after a crash",
     [](Dice) {
       Mutation mutation;
       mutation.forgets_outbox = true;
       return mutation;
     }},
    {"ignore-withdrawal", "the executor goes on with effects that were withdrawn",
     [](Dice) {
       Mutation mutation;
       mutation.ignores_withdrawal = true;
       return mutation;
     }},
    {"lying-disk", "the real store's disk says that it synced, and did not",
     [](Dice) {
       Mutation mutation;
       mutation.lying_disk = true;
       return mutation;
     },
     true},
    {"commit-later", "the real scheduler is sometimes told of a commit that never was",
     [](Dice) {
       Mutation mutation;
       mutation.commits_later = true;
       return mutation;
     },
     true},
};

// ---- the hunt

// A broken engine may fail a CHECK, or never end: each seed is tried in a process of its own.
constexpr unsigned kSecondsPerWorld = 60;

enum class Verdict : uint8_t { kUnnoticed, kRuleBroken, kCrashed, kStuck };

struct Finding {
  Verdict verdict = Verdict::kUnnoticed;
  uint64_t seed = 0;
  std::string rule;
};

/// In the child: worlds until one breaks. Tells each seed before it is run, then the broken rule.
[[noreturn]] void Hunt(const MutationKind& kind, uint64_t seeds_max, int to) {
  const auto tell = [to](const std::string& line) {
    [[maybe_unused]] const ssize_t written = write(to, line.data(), line.size());
  };
  signal(SIGALRM, SIG_DFL);
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) {
    alarm(kSecondsPerWorld);
    tell(fmt::format("{}\n", seed));
    World world(seed, kind.of_real_server ? ServerKind::kReal : ServerKind::kMap,
                kind.make(Dice(seed)));
    if (world.Run()) continue;
    tell("!" + world.broken() + "\n");
    break;
  }
  _exit(0);
}

Finding HuntInChild(const MutationKind& kind, uint64_t seeds_max) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);  // a failed CHECK says there what failed
    Hunt(kind, seeds_max, ends[1]);
  }
  close(ends[1]);
  std::string heard;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;)
    heard.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);

  Finding finding;
  while (!heard.empty()) {
    const size_t end = heard.find('\n');
    const std::string line = heard.substr(0, end);
    heard.erase(0, end == std::string::npos ? heard.size() : end + 1);
    if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) {
      finding.seed = std::stoull(line);
    } else if (!line.empty()) {
      if (line[0] == '!') finding.verdict = Verdict::kRuleBroken;
      if (finding.rule.empty()) finding.rule = line[0] == '!' ? line.substr(1) : line;
    }
  }
  if (finding.verdict == Verdict::kUnnoticed && WIFSIGNALED(status)) {
    finding.verdict = WTERMSIG(status) == SIGALRM ? Verdict::kStuck : Verdict::kCrashed;
    if (finding.verdict == Verdict::kStuck) finding.rule = "a world does not come to an end";
  }
  return finding;
}

}  // namespace

std::span<const MutationKind> MutationKinds() { return kKinds; }

bool RunMutations(uint64_t seeds_max, std::string_view only) {
  const auto began = std::chrono::steady_clock::now();
  int tried = 0, noticed = 0;
  for (const MutationKind& kind : MutationKinds()) {
    if (!only.empty() && kind.name != only) continue;
    ++tried;
    const Finding finding = HuntInChild(kind, seeds_max);
    noticed += finding.verdict != Verdict::kUnnoticed;
    if (finding.verdict == Verdict::kUnnoticed) {
      fmt::print("{}: {}\n  NOT NOTICED in {} seeds\n", kind.name, kind.what, seeds_max);
    } else {
      fmt::print("{}: {}\n  noticed by seed {} ({} tried): {}\n", kind.name, kind.what,
                 finding.seed, finding.seed, finding.rule);
    }
    fflush(stdout);
  }
  const double took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{}: {} of {} mutations noticed, {:.1f} s\n", noticed == tried ? "ok" : "FAILED",
             noticed, tried, took);
  return tried > 0 && noticed == tried;
}

}  // namespace penstock::sim
