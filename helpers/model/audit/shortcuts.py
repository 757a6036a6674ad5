"""After training: would the network, or anything at all, know the class without seeing a lung?

Two questions, because one alone misleads. *The network* is shown the test films with parts hidden:
if it still scores, it reads something other than lungs. But a network that was never trained on
blackened films may stumble over the black itself, so *a light probe*, trained on nothing but the
film's border, shows what the collection gives away, whichever network comes next.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from helpers.core.machine import cores
from helpers.model.audit.findings import Finding, judged, not_tested
from helpers.model.audit.hiding import BORDER, FULL, NO_CORNERS, NO_LUNGS, hidden_versions
from helpers.model.audit.probe import (
    FILMS_AT_MOST,
    PERMUTATIONS,
    ProbeResult,
    area,
    border_features,
    probe,
)
from helpers.model.predictions import check_predictions
from helpers.model.ranking import Ranking

# One-against-rest AUROC of the class told best. Honest generated films give 0.50 to 0.62 here, a
# planted marker 0.9, Ozturk's two classes 0.95.
TELLS = 0.75
CHANCE = 0.05  # how often shuffled labels may do as well
# Below 0.5 is no leak: few films, held out in turn, make guessing look a little worse than it is.
PERMUTED_AT_MOST = 0.55
CORNER_LOSS = 0.07  # AUROC of a class that may hang on the corners
SAME_AS_CLASS = 0.3  # Cramer's V of source and class; 0 unrelated, 1 the same
TEST_FILMS_AT_MOST = 400  # enough for an AUROC within 0.06, and the audit stays quick
FEWEST_FILMS = 10
VERSIONS_AT_ONCE = 4  # each holds the test films in memory once more
_RESAMPLES = 500


@dataclass(frozen=True)
class ShortcutAudit:
    """What was found.

    findings: the verdicts; scores: version of the film -> {"value", "low", "high", "n", "clearest",
    "by_class", "p_value"}, `value` being the AUROC of the class told best; probes: of the `class`
    and of the `source`, None where it could not be tested.
    """

    findings: list[Finding]
    scores: dict[str, dict[str, object]]
    probes: dict[str, ProbeResult | None]

    @property
    def flagged(self) -> list[str]:
        """Names of the failed checks."""
        return [finding.name for finding in self.findings if finding.verdict == "failed"]


def audit_shortcuts(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    labels: Sequence[str],
    groups: Sequence,
    split: Sequence[str],
    classes: Sequence[str],
    *,
    masks: np.ndarray | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> ShortcutAudit:
    """Audit a trained network and the collection it learned from.

    predict: uint8 (n, S, S) -> probabilities (n, C) in the order of `classes`; images: all films of
    the run, uint8 (N, S, S), possibly memory-mapped; labels, groups, split, sources: (N,), a source
    may be missing; masks: lung masks 0/1 (N, S, S), all zero for a film without one.
    Raises SuiteError for probabilities that are no numbers or masks of another size.
    """
    labels, groups, split = (np.asarray(part, dtype=str) for part in (labels, groups, split))
    test = _sample(np.flatnonzero(split == "test"), TEST_FILMS_AT_MOST, seed)
    scores, verdicts = _ask_network(predict, images, labels, groups, test, classes, masks, seed)
    everyone = _sample(np.arange(len(labels)), FILMS_AT_MOST, seed)
    features = border_features(images[everyone])
    by_class = probe(features, labels[everyone], groups[everyone], seed)
    by_source, told = None, None
    if sources is not None:
        told = np.array(["" if _missing(name) else str(name) for name in sources])[everyone]
        known = told != ""
        by_source = probe(features[known], told[known], groups[everyone][known], seed)
    findings = [
        *verdicts,
        _class_finding(by_class),
        _source_finding(by_source, labels[everyone], told),
    ]
    findings.append(_permutation_finding(by_class))
    return ShortcutAudit(findings, scores, {"class": by_class, "source": by_source})


def _sample(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most so many of the rows, in order (a memory-mapped stack is read forwards)."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _missing(name: object) -> bool:
    return not isinstance(name, str) or not name


def _ask_network(
    predict: Callable,
    images: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    test: np.ndarray,
    classes: Sequence[str],
    masks: np.ndarray | None,
    seed: int,
) -> tuple[dict[str, dict[str, object]], list[Finding]]:
    """Scores of the test films' versions, and what they mean."""
    if len(test) < FEWEST_FILMS or len(np.unique(labels[test])) < 2:
        why = f"{len(test)} test films of {len(np.unique(labels[test]))} classes are too few."
        return {}, [not_tested(name, why) for name in (NO_LUNGS, NO_CORNERS)]
    shown = np.asarray(images[test])
    covered = None if masks is None else np.asarray(masks[test])
    versions = hidden_versions(shown, covered)
    # A light model computes on one core; a version on each core keeps the audit short.
    with ThreadPoolExecutor(min(cores(), VERSIONS_AT_ONCE)) as pool:
        found = pool.map(lambda make: predict(make()), versions.values())
        scores = {
            name: _score(probabilities, labels[test], groups[test], classes, seed)
            for name, probabilities in zip(versions, found, strict=True)
        }
    hidden = [name for name in (NO_LUNGS, BORDER) if name in scores]
    return scores, [*(_hidden_finding(n, scores[n]) for n in hidden), _corner_finding(scores)]


def _score(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    classes: Sequence[str],
    seed: int,
) -> dict[str, object]:
    """AUROC of the class told best, with its interval over patients and its chance."""
    checked = check_predictions(labels, probabilities, classes, groups)
    truth = np.eye(len(classes), dtype=bool)[checked.truth]
    seen = truth.any(axis=0)
    areas = np.where(seen, area(checked.probabilities, truth), np.nan)
    # Of two classes that are told equally well, the last: `positive`, not `negative`.
    best = len(classes) - 1 - int(np.nanargmax(areas[::-1]))
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(
        checked.patient_count, np.full(checked.patient_count, 1 / checked.patient_count), _RESAMPLES
    )
    drawn = Ranking(truth[:, best], checked.probabilities[:, best], checked.patients)(weights)[0]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {
        "value": float(areas[best]),
        "low": float(low),
        "high": float(high),
        "n": len(labels),
        "clearest": str(classes[best]),
        "by_class": dict(zip(map(str, classes), areas.tolist(), strict=True)),
        "p_value": _chance(checked.probabilities, truth, float(areas[best]), rng),
    }


def _chance(
    probabilities: np.ndarray, truth: np.ndarray, reached: float, rng: np.random.Generator
) -> float:
    """Share of label permutations in which some class is told as well."""
    orders = np.array([rng.permutation(len(truth)) for _ in range(PERMUTATIONS)])
    best = np.zeros(PERMUTATIONS)
    for column in np.flatnonzero(truth.any(axis=0)):
        repeated = np.repeat(probabilities[:, column, None], PERMUTATIONS, axis=1)
        best = np.fmax(best, area(repeated, truth[orders, column].T))
    return float((1 + (best >= reached).sum()) / (1 + PERMUTATIONS))


def _hidden_finding(name: str, score: dict[str, object]) -> Finding:
    failed = score["value"] >= TELLS and score["p_value"] <= CHANCE
    told = f"tells {score['clearest']} with AUROC {score['value']:.2f}"
    sentence = f"Without seeing a lung the network still {told}; it reads something else."
    if not failed:
        sentence = f"Without seeing a lung the network {told} at best, which is little."
    return judged(name, score["value"], TELLS, failed, sentence)


def _corner_finding(scores: dict[str, dict[str, object]]) -> Finding:
    before, after = scores[FULL]["by_class"], scores[NO_CORNERS]["by_class"]
    losses = {name: before[name] - after[name] for name in before if np.isfinite(before[name])}
    name, loss = max(losses.items(), key=lambda item: item[1])
    sentence = f"Covering the film's corners costs {name} {max(loss, 0):.2f} of its AUROC"
    sentence += "; letters or stamps there decide." if loss >= CORNER_LOSS else "."
    return judged(NO_CORNERS, loss, CORNER_LOSS, loss >= CORNER_LOSS, sentence)


def _class_finding(found: ProbeResult | None) -> Finding:
    name = "class told from the border"
    if found is None:
        return not_tested(name, "A class has films of one patient only.")
    failed = found.auroc >= TELLS and found.p_value <= CHANCE
    sentence = f"A light model that sees the films' border only tells {found.clearest} with AUROC "
    sentence += f"{found.auroc:.2f}; "
    sentence += (
        "the collection gives the class away." if failed else "the border gives little away."
    )
    return judged(name, found.auroc, TELLS, failed, sentence)


def _source_finding(
    found: ProbeResult | None, labels: np.ndarray, sources: np.ndarray | None
) -> Finding:
    name = "source told from the border"
    if sources is None or len(np.unique(sources[sources != ""])) < 2:
        return not_tested(name, "The films come from one source, as far as is known.")
    if found is None:
        return not_tested(name, "A source has films of one patient only.")
    known = sources != ""
    related = cramers_v(labels[known], sources[known])
    failed = found.auroc >= TELLS and found.p_value <= CHANCE and related >= SAME_AS_CLASS
    sentence = f"The border tells the source {found.clearest} with AUROC {found.auroc:.2f}, and "
    sentence += f"source and class go together by {related:.2f} (Cramer's V)"
    sentence += ": who knows the source knows the class." if failed else "."
    return judged(name, found.auroc, TELLS, failed, sentence)


def _permutation_finding(found: ProbeResult | None) -> Finding:
    name = "shuffled labels"
    if found is None:
        return not_tested(name, "The probe could not be trained.")
    failed = found.permuted > PERMUTED_AT_MOST
    sentence = f"With labels shuffled the probe reaches AUROC {found.permuted:.2f}"
    sentence += "; the audit itself leaks." if failed else ", guessing, as it must."
    return judged(name, found.permuted, PERMUTED_AT_MOST, failed, sentence)


def cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """How firmly two names of each film go together: 0 not at all, 1 each gives the other."""
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    counts = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(counts, (rows, columns), 1)
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    freedom = min(counts.shape) - 1
    if freedom < 1:
        return 0.0
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / freedom))
