"""The database's schema: plain SQL files, run forward by dbmate, a binary inside a wheel."""

import subprocess
import sysconfig
from pathlib import Path

from jifen.stack.errors import StackError

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "migrations"


def migrate(url: str, folder: Path = FOLDER) -> None:
    """Bring a database to the newest schema, making the database where there is none."""
    done = subprocess.run(
        [
            str(Path(sysconfig.get_path("scripts"), "dbmate")),
            *("--migrations-dir", str(folder), "--no-dump-schema", "--migration-lock"),
            # Strict: a migration that sorts before an applied one is a merge gone wrong.
            *("up", "--strict"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        # Through the environment: an argument would show the password to the whole machine.
        env={"DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise StackError(f"the migrations did not run: {done.stderr or done.stdout}")
