#include "cli/convert_command.h"

namespace penstock {

int RunConvertCommand(const TransferWorld& world, const ConvertCommand& command) {
  bool needs_s3 = IsInS3(command.options.source) || IsInS3(command.options.destination);
  const int exit = RunTransfer(
      world, command.endpoints, command.display, /*needs_table=*/false, needs_s3, "converted",
      fmt::format("conversion of {} to {}", command.options.source, command.options.destination),
      [&](const TransferContext& context, const ProgressCallback& progress) {
        return RunConvert(context, command.options, progress, world.stop);
      });
  if (exit == kExitInterrupted) {
    *world.err
        << "penstock: a conversion is not resumed: what it wrote is taken away again; run the "
           "same command once more\n";
  }
  return exit;
}

}  // namespace penstock
