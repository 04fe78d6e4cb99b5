#!/bin/sh
# May this change of the .proto files, or of the workflow, be merged? Exits with 0 if it may.
set -eu

# With these files the workflow is sound.
pavane check refund.yaml --proto proto

# And a deploy would break nobody: callers, other workflows, executions in flight.
if [ -n "${ORCHESTRATOR:-}" ]; then
    pavane check refund.yaml --proto proto --against "$ORCHESTRATOR"
fi
