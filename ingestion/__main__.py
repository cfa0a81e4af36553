"""`python -m ingestion`: what `ray job submit` and a RayJob run."""

from ingestion.command import app

if __name__ == "__main__":
    app()
