# Peer of `bench tracker`: MLflow's client with its default SQLite store, in one process. Prints one JSON line: rows a
# second logged one by one and in batches of a hundred, and ms to search all runs. Needs mlflow, or mlflow-skinny with
# sqlalchemy and alembic.
import json
import logging
import os
import sys
import tempfile
import time

folder = tempfile.TemporaryDirectory()
os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///" + folder.name + "/mlflow.db"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

import mlflow
from mlflow.entities import Metric

for name in ("alembic", "mlflow"):
    logging.getLogger(name).setLevel(logging.ERROR)

num_runs, per_run = [int(text) for text in sys.argv[1:3]] or (200, 100)
client = mlflow.MlflowClient()
experiment = client.create_experiment("bench")

run = client.create_run(experiment).info.run_id
start = time.perf_counter()
for step in range(300):
    client.log_metric(run, "loss", 1 / (step + 1), step=step)
single = 300 / (time.perf_counter() - start)

start = time.perf_counter()
for index in range(num_runs):
    run = client.create_run(experiment, tags={"row": str(index % 8)}).info.run_id
    client.log_batch(run, metrics=[Metric("loss", 1 / (step + 1), 0, step) for step in range(per_run)])
batched = num_runs * per_run / (time.perf_counter() - start)

start = time.perf_counter()
found = client.search_runs([experiment], max_results=50000)
search = (time.perf_counter() - start) * 1e3

print(
    json.dumps(
        {
            "peer": "mlflow " + mlflow.__version__,
            "rowsPerSecondSingle": round(single),
            "rowsPerSecondBatched": round(batched),
            "searchRuns": len(found),
            "searchMs": round(search),
        }
    )
)
