#include "activities/shell_command_activity.h"

#include <fmt/core.h>

#include "activities/command.h"
#include "activities/s3_files.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr size_t kTailBytes = 1024;  // errorStackTrace's limit on the wire

ActivityFailure Fail(std::string id, const Error& error) {
  return {std::move(id), error.message, ""};
}

// One S3 data node of the attempt, staged as variable `variable`.
struct StagedNode {
  std::string variable;  // INPUT1_STAGING_DIR
  std::string folder;
  S3Location location;
  bool is_file = false;  // filePath as against directoryPath
};

using Variables = std::vector<std::pair<std::string, std::string>>;

// One attempt.
class ShellRun {
 public:
  ShellRun(const PolledTask& task, const ActivityContext& context, std::stop_token stop)
      : task_(task), attempt_(task.attempt()), context_(context), stop_(std::move(stop)) {}

  ActivityResult Run() {
    bool precondition = task_.type() == "ShellCommandPrecondition";
    if (auto prepared = Prepare(); !prepared)
      return Fail("ShellCommandNotStarted", prepared.error());
    Result<std::vector<std::string>> arguments = Arguments();
    if (!arguments) return Fail("ShellCommandNotStarted", arguments.error());
    Result<ExitStatus> status = RunCommand(context_, *arguments, Environment(), stop_);
    if (!status && status.error().code == ErrorCode::kCanceled)
      return Fail("ShellCommandInterrupted", status.error());
    if (!status) return Fail("ShellCommandNotStarted", status.error());
    if (auto kept = KeepOutput(); !kept) return Fail("OutputNotUploaded", kept.error());
    if (status->code != 0) {
      if (precondition && status->code) return ActivityOutcome::kNotMet;
      return ActivityFailure{"ShellCommandFailed", Describe(*status),
                             OutputTail(context_, kStdError, kTailBytes)};
    }
    if (auto staged = UploadOutputs(); !staged) return Fail("OutputNotUploaded", staged.error());
    return ActivityOutcome::kDone;
  }

 private:
  Result<S3Client> S3() {
    ASSIGN_OR_RETURN(ServiceEndpoint endpoint, context_.services->Find("s3", ""));
    return S3Client(context_.clients, endpoint);
  }

  // Makes the staging folders and fills those of the inputs.
  Status Prepare() {
    if (!BoolField(attempt_, "stage", false)) return {};
    ASSIGN_OR_RETURN(inputs_, Staged("input", "INPUT"));
    ASSIGN_OR_RETURN(outputs_, Staged("output", "OUTPUT"));
    for (const StagedNode& output : outputs_) {
      if (output.is_file) {
        return InvalidArgument(fmt::format(
            "{} would be staged as an output, which needs a directoryPath, not a filePath",
            FormatS3Uri(output.location)));
      }
    }
    for (const StagedNode& input : inputs_) RETURN_IF_ERROR(Download(input));
    return {};
  }

  Result<std::vector<StagedNode>> Staged(std::string_view field, std::string_view prefix) {
    std::vector<StagedNode> nodes;
    int number = 0;
    for (const PipelineObject* node : Follow(task_, attempt_, field)) {
      ++number;
      if (FieldOf(*node, "type") != "S3DataNode")
        continue;  // only S3DataNodes are staged, the others keep their number
      std::optional<std::string> file = FieldOf(*node, "filePath"),
                                 directory = FieldOf(*node, "directoryPath");
      if (!file && !directory) {
        return InvalidArgument(
            fmt::format("S3DataNode \"{}\" has neither filePath nor directoryPath", node->id));
      }
      ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(directory ? *directory : *file));
      std::string variable = fmt::format("{}{}_STAGING_DIR", prefix, number);
      std::string folder = fmt::format("{}/{}{}", context_.folder, AsciiLower(prefix), number);
      RETURN_IF_ERROR(context_.files->MakeDirectories(folder));
      nodes.push_back({variable, folder, location, !directory});
    }
    return nodes;
  }

  Status Download(const StagedNode& input) {
    ASSIGN_OR_RETURN(S3Client s3, S3());
    if (input.is_file) {
      std::string name = input.location.key.substr(input.location.key.rfind('/') + 1);
      context_.log(fmt::format("staging {} as {}", FormatS3Uri(input.location), input.variable));
      return DownloadFile(s3, input.location, *context_.files, input.folder + "/" + name, stop_);
    }
    ASSIGN_OR_RETURN(int count,
                     DownloadFolder(s3, input.location, *context_.files, input.folder, stop_));
    context_.log(fmt::format("staged {} files of {} as {}", count, FormatS3Uri(input.location),
                             input.variable));
    return {};
  }

  Result<std::vector<std::string>> Arguments() {
    std::optional<std::string> command = FieldOf(attempt_, "command"),
                               script = FieldOf(attempt_, "scriptUri");
    std::vector<std::string> arguments = {"/bin/bash"};
    if (command) {
      arguments.insert(arguments.end(), {"-c", *command, "command"});
    } else if (script) {
      ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(*script));
      ASSIGN_OR_RETURN(S3Client s3, S3());
      std::string path = context_.folder + "/script";
      RETURN_IF_ERROR(DownloadFile(s3, location, *context_.files, path, stop_));
      arguments.push_back(path);
    } else {
      return InvalidArgument(
          fmt::format("{} \"{}\" has neither command nor scriptUri; give one of them", task_.type(),
                      attempt_.name));
    }
    for (std::string& argument : FieldsOf(attempt_, "scriptArgument"))
      arguments.push_back(std::move(argument));
    return arguments;
  }

  Variables Environment() const {
    Variables variables;
    for (const auto* nodes : {&inputs_, &outputs_}) {
      for (const StagedNode& node : *nodes) variables.emplace_back(node.variable, node.folder);
    }
    return variables;
  }

  // The fields stdout and stderr: S3 objects of the user's choice.
  Status KeepOutput() {
    constexpr std::pair<const char*, const char*> kOutputs[] = {{"stdout", kStdOutput},
                                                                {"stderr", kStdError}};
    for (auto [field, name] : kOutputs) {
      std::optional<std::string> uri = FieldOf(attempt_, field);
      if (!uri) continue;
      ASSIGN_OR_RETURN(S3Location location, ParseS3Uri(*uri));
      ASSIGN_OR_RETURN(S3Client s3, S3());
      RETURN_IF_ERROR(
          UploadFile(s3, *context_.files, context_.log_folder + "/" + name, location, stop_));
    }
    return {};
  }

  Status UploadOutputs() {
    for (const StagedNode& output : outputs_) {
      ASSIGN_OR_RETURN(S3Client s3, S3());
      ASSIGN_OR_RETURN(int count,
                       UploadFolder(s3, *context_.files, output.folder, output.location, stop_));
      context_.log(fmt::format("uploaded {} files of {} to {}", count, output.variable,
                               FormatS3Uri(output.location)));
    }
    return {};
  }

  std::string Describe(const ExitStatus& status) const {
    std::string end = status.code     ? fmt::format("ended with exit status {}", *status.code)
                      : status.signal ? fmt::format("was ended by signal {}", *status.signal)
                                      : "ended in an unknown way";
    return fmt::format(
        "The command of {} {}. Its output is in {} and {} of the attempt's log folder.",
        attempt_.id, end, kStdOutput, kStdError);
  }

  const PolledTask& task_;
  const PipelineObject& attempt_;
  const ActivityContext& context_;
  std::stop_token stop_;
  std::vector<StagedNode> inputs_, outputs_;
};

}  // namespace

ActivityResult ShellCommandActivity::Run(const PolledTask& task, const ActivityContext& context,
                                         std::stop_token stop) {
  return ShellRun(task, context, std::move(stop)).Run();
}

}  // namespace penstock
