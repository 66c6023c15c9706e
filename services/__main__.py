"""Run the service that is named: `python -m services NAME`, which is what containers start."""

import argparse
import pkgutil
import runpy

import services


def main() -> None:
    """Run one service in this process; its settings come from the environment."""
    names = sorted(one.name for one in pkgutil.iter_modules(services.__path__) if one.ispkg)
    parser = argparse.ArgumentParser(prog="services", description="Run one service of Jifen.")
    parser.add_argument("service", choices=names)
    runpy.run_module(f"services.{parser.parse_args().service}", run_name="__main__")


if __name__ == "__main__":
    main()
