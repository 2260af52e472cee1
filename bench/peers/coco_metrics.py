# Peer of `bench metrics`: pycocoevalcap on a captions file, as its COCOEvalCap does, METEOR and SPICE apart. Prints one
# JSON line: seconds of each part and the corpus scores. Needs pycocoevalcap and Java (for its tokenizer).
import io
import json
import sys
import time
from contextlib import redirect_stdout

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

with open(sys.argv[1]) as file:
    items = json.load(file)["items"]
references = {item["id"]: [{"caption": text} for text in item["references"]] for item in items}
candidates = {item["id"]: [{"caption": item["candidate"]}] for item in items}

seconds, corpus = {}, {}
with redirect_stdout(io.StringIO()):
    started = time.perf_counter()
    tokenizer = PTBTokenizer()
    references, candidates = tokenizer.tokenize(references), tokenizer.tokenize(candidates)
    seconds["tokenize"] = time.perf_counter() - started
    for names, scorer in [
        (["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"], Bleu(4)),
        (["ROUGE-L"], Rouge()),
        (["CIDEr"], Cider()),
    ]:
        started = time.perf_counter()
        score, _ = scorer.compute_score(references, candidates)
        seconds[names[-1].split("-")[0]] = time.perf_counter() - started
        corpus.update(zip(names, score if isinstance(score, list) else [float(score)]))
print(json.dumps({"seconds": seconds, "corpus": corpus}))
