"""The questions of the course, notebook by notebook: checks and guesses, by name.

A name is the notebook's and the question's, such as "split.latest". The texts never name the
solution but in `why`, `how` and the right option. Compute-this checks take what they are asked
*of* and work on every run.
"""

from __future__ import annotations

from .chapters.chapter_00_start_here import START_QUESTIONS
from .chapters.chapter_01_data_collection import COLLECT_QUESTIONS
from .chapters.chapter_02_data_cleaning import CLEAN_QUESTIONS
from .chapters.chapter_03_feature_engineering import FEATURES_QUESTIONS
from .chapters.chapter_04_train_test_split import SPLIT_QUESTIONS, per_cent
from .chapters.chapter_05_model_training import TRAIN_QUESTIONS
from .chapters.chapter_06_evaluation import EVALUATE_QUESTIONS
from .chapters.chapter_07_deployment import DEPLOY_QUESTIONS
from .chapters.chapter_08_monitoring import MONITOR_QUESTIONS
from .chapters.chapter_explore import EXPLORE_QUESTIONS
from .chapters.chapter_labs import LABS_QUESTIONS
from .grading import Guess

QUESTIONS = (
    START_QUESTIONS | COLLECT_QUESTIONS | CLEAN_QUESTIONS | FEATURES_QUESTIONS | SPLIT_QUESTIONS | TRAIN_QUESTIONS | EVALUATE_QUESTIONS | DEPLOY_QUESTIONS | MONITOR_QUESTIONS
    | EXPLORE_QUESTIONS | LABS_QUESTIONS
)  # fmt: skip

GUESSES = {
    "start.by_lot": Guess(
        "Before you look: the labels are random, so nothing can be learnt. Which share of "
        "the training rows (0 to 1) will the forest answer correctly all the same?",
        result=lambda table: float(table.loc["random labels", "train"]),
    ),
    "collect.twice": Guess(
        "Before you look: by how many percentage points will the share of late flights move when "
        "the planes' file is joined twice over?",
        result=lambda twice: abs(per_cent(twice["late"].iloc[1]) - per_cent(twice["late"].iloc[0])),
        form="{:.1f}",
    ),
    "clean.merged": Guess(
        "Before you look: names of plane models that are alike by 85 % are merged. Which share of "
        "the names (0 to 1) will be left?",
        result=lambda ways: ways["spellings"].iloc[1] / ways["spellings"].iloc[0],
        high="too many",
        low="too few",
    ),
    "features.leaky": Guess(
        "Before you look: which ROC AUC will the quick model reach with `dep_delay`, the minutes "
        "by which the flight left late?",
        result=lambda leaky: float(leaky.iloc[-1, 0]),
    ),
    "split.by_time": Guess(
        "Before you look: the quick model is asked about the latest flights instead of random "
        "ones. Which ROC AUC will it reach? (0.5 is tossing a coin, 1 is perfect.)",
        result=lambda comparison: comparison.iloc[-1, -1],
        high="too hopeful",
        low="too gloomy",
    ),
    "train.noise": Guess(
        "Before you look: the labels are random, so the true accuracy is 0.5. Which accuracy does "
        "cross-validation report when the twenty best columns were chosen on all rows before?",
        result=lambda table: float(table.iloc[0, 0]),
        high="too suspicious",
        low="too trusting",
    ),
    "evaluate.found": Guess(
        "Before you look: which share of the late flights does the model find (its recall), if it "
        "says *late* from a probability of one half on?",
        result=lambda table: float(table.iloc[1]["recall"]),
        high="too hopeful",
        low="too gloomy",
    ),
    "deploy.otherwise": Guess(
        "Before you look: on which share of the rows will that other service say something else "
        "than the model? (A number between 0 and 1.)",
        result=lambda table: float(table.iloc[1, 0].rstrip("%")) / 100,
        form="{:.3f}",
        high="too gloomy",
        low="too hopeful",
    ),
    "monitor.worst": Guess(
        "Before you look: how low does the ROC AUC of the worst of these months fall? Stage 6 "
        "says what was promised.",
        result=lambda by_period: float(by_period["roc_auc"].min()),
        high="too hopeful",
        low="too gloomy",
    ),
    "labs.selecting": Guess(
        "Before you look: by how much does choosing the twenty best of a thousand columns of "
        "noise, before the folds are cut, flatter the ROC AUC?",
        result=lambda looked: float(looked.loc["selecting columns", "gap"]),
        high="too suspicious",
        low="too trusting",
    ),
}
