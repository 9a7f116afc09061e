"""What the course asks, by name: checks, guesses and challenges of all notebooks.

A name is the notebook's and the question's, such as "split.latest". The texts never name the
solution but in `why`, `how` and the right option. Compute-this checks take what they are asked
*of* and work on every run. A challenge is a real piece of work: `examine` tries what the learner
made on rows whose right answer is known, and names the misconception that a wrong result shows.
"""

from __future__ import annotations

from .chapters import (
    chapter_00_start_here,
    chapter_01_agreement,
    chapter_01_data_collection,
    chapter_02_data_cleaning,
    chapter_03_feature_engineering,
    chapter_04_same_rows,
    chapter_04_train_test_split,
    chapter_05_model_training,
    chapter_06_evaluation,
    chapter_07_deployment,
    chapter_07_own_service,
    chapter_08_monitoring,
    chapter_explore,
    chapter_labs,
    chapter_labs_own_service,
    chapter_labs_own_table,
    chapter_labs_production,
    chapter_labs_script,
)

CHAPTERS = (
    chapter_00_start_here, chapter_01_data_collection, chapter_01_agreement,
    chapter_02_data_cleaning, chapter_03_feature_engineering, chapter_04_train_test_split,
    chapter_04_same_rows, chapter_05_model_training, chapter_06_evaluation,
    chapter_07_deployment, chapter_07_own_service, chapter_08_monitoring, chapter_explore,
    chapter_labs, chapter_labs_script, chapter_labs_own_table, chapter_labs_own_service,
    chapter_labs_production,
)  # fmt: skip
QUESTIONS = {
    name: asked for chapter in CHAPTERS for name, asked in getattr(chapter, "QUESTIONS", {}).items()
}
GUESSES = {
    name: guess for chapter in CHAPTERS for name, guess in getattr(chapter, "GUESSES", {}).items()
}
CHALLENGES = {
    name: challenge
    for chapter in CHAPTERS
    for name, challenge in getattr(chapter, "CHALLENGES", {}).items()
}
