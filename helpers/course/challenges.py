"""The challenges of the course, one a notebook: a real piece of work, and how it is examined.

A challenge has the name of its notebook and its own, such as "split.whole_days". `examine` tries
what the learner made on rows whose right answer is known, and names the misconception that a wrong
result shows; it never tells the solution.
"""

from __future__ import annotations

from .chapters.chapter_00_start_here import START_CHALLENGES
from .chapters.chapter_01_data_collection import COLLECT_CHALLENGES
from .chapters.chapter_02_data_cleaning import CLEAN_CHALLENGES
from .chapters.chapter_03_feature_engineering import FEATURES_CHALLENGES
from .chapters.chapter_04_train_test_split import SPLIT_CHALLENGES
from .chapters.chapter_05_model_training import TRAIN_CHALLENGES
from .chapters.chapter_06_evaluation import EVALUATE_CHALLENGES
from .chapters.chapter_07_deployment import DEPLOY_CHALLENGES
from .chapters.chapter_08_monitoring import MONITOR_CHALLENGES

CHALLENGES = (
    START_CHALLENGES
    | COLLECT_CHALLENGES
    | CLEAN_CHALLENGES
    | FEATURES_CHALLENGES
    | SPLIT_CHALLENGES
    | TRAIN_CHALLENGES
    | EVALUATE_CHALLENGES
    | DEPLOY_CHALLENGES
    | MONITOR_CHALLENGES
)
