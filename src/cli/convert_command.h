// convert: an export into another format, with no table asked.
#pragma once

#include "cli/command_line.h"
#include "cli/transfer_command.h"

namespace penstock {

/// Runs the command and returns its exit code (ExitCode).
int RunConvertCommand(const TransferWorld& world, const ConvertCommand& command);

}  // namespace penstock
