"""The articles, step by step: what they say, and the same steps on the open data."""

from rare_event.ui.articles.data import show_data
from rare_event.ui.articles.model import choose_article, run_of, show_board, show_training
from rare_event.ui.articles.outcome import show_outcome
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_dataset

start_page("The articles, step by step", "How two articles predict a mill's sheet breaks.")

with show_errors():
    dataset = need_dataset()
    article = choose_article()
    run = run_of(dataset, article)
    show_data(dataset, article)
    show_training(dataset, article, run)
    if run is not None:
        show_outcome(run, article)
    show_board(dataset, article, run)
