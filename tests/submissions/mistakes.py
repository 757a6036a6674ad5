"""The mistakes that people make, one for each task: cell id -> what they write."""

MISTAKES = {
    "01_ingest": {
        "01-listing-answer": """
from collections import Counter

page = bucket.list_objects_v2(Prefix="ward/")  # the first page only
folders = Counter(item["Key"].split("/")[1] for item in page["Contents"])
""",
        "01-lateral-answer": """
rows = metadata[metadata["view"] != "L"]  # frontal films, and films for patients
lateral = {"films": len(rows), "patients": len(rows)}
""",
        "01-disagree-answer": """
stored = {item.key.split("/")[-1] for item in collection.objects}  # masks and tables too
named = set(metadata["filename"])
disagree = {"no_film": sorted(stored - named), "no_row": sorted(named - stored)}
""",
        "01-arrivals-answer": """
import pandas as pd

rows = [{"name": name, "status": "used", "reason": ""} for name in arrivals]  # nothing opened
manifest = pd.DataFrame(rows)
""",
    },
    "02_visualize": {
        "02-balance-answer": """
balance = {name: 1 / 3 for name in ward["label"].unique()}  # as it should be
""",
        "02-gaps-answer": """
gaps = ward["age"].notna().groupby(ward["label"]).mean().to_dict()  # the films with an age
""",
        "02-guesses-answer": """
guesses = {name: ward[name].value_counts(normalize=True).max() for name in data.PROPERTIES}
""",
        "02-mark-answer": """
brightest = {c: data.corner_of(films.pixels, c).mean() for c in data.CORNERS}
mark = {"label": "none", "corner": min(brightest, key=brightest.get)}
""",
    },
    "03_preprocess": {
        "03-split-answer": """
rng = np.random.default_rng(1)
split = films[["key"]].copy()  # film by film
split["split"] = rng.choice(["train", "validation", "test"], len(films), p=[0.6, 0.2, 0.2])
""",
        "03-leaked-answer": """
leaked = leaky.loc[leaky["split"] == "test", "key"].tolist()  # all of them, to be safe
""",
        "03-window-answer": """
def window(pixels):
    return pixels / pixels.max() * 255  # no percentile, and no whole numbers


windowed = np.stack([window(film) for film in pale]).astype(np.uint8)
""",
        "03-square-answer": """
from helpers.data.images import resize_film

square = resize_film(oblong, 64)  # squeezed
""",
    },
    "04_train": {
        "04-weights-answer": """
weights = [f * w * w for f, w in design.convolutions] + [design.dense, design.classes]
""",
        "04-stop-answer": """
best = history.loc[history["val_loss"].idxmin(), "epoch"]  # sees what comes after the stop
stop = {"stopped": 60, "kept": best}
""",
        "04-suspicion-answer": """
suspicion = np.random.default_rng(2).random(len(unknown))  # guesses
""",
    },
    "05_evaluate": {
        "05-line-answer": """
line = {"threshold": 0.99, "sensitivity": 1.0, "specificity": 1.0}
""",
        "05-clinic-answer": """
alarm = test["score"] >= 0.5
clinic = {"ppv": test.loc[alarm, "ill"].mean(), "false_alarms": int((alarm & ~test["ill"]).sum())}
""",
        "05-interval-answer": """
right = ((test["score"] >= 0.5) == test["ill"]).to_numpy()  # single films are drawn
drawn = np.random.default_rng(1).integers(len(right), size=(2000, len(right)))
interval = np.percentile(right[drawn].mean(axis=1), [2.5, 97.5]).tolist()
""",
        "05-weakest-answer": """
ill = test[test["ill"]]
by_view = (ill["score"] >= 0.5).groupby(ill["view"]).mean()
weakest = {"view": by_view.idxmax(), "sensitivity": by_view.max()}
""",
    },
    "06_predict": {
        "06-silence-answer": """
confidence = answers.filter(like="p_").max(axis=1)
silence = {"below": 0.9, "answered": int((confidence >= 0.9).sum())}  # 0.9 of what?
""",
        "06-door-answer": """
admitted = [True] * len(waiting)  # everybody in
""",
        "06-elsewhere-answer": """
elsewhere = list(range(40))
""",
    },
}
