"""What every service stands on: contract, program, ledger, pipeline, platform."""
