"""Score: what a trained model says about new rows."""

from rare_event.ui.frame import start_page
from rare_event.ui.score.page import show_page

start_page("Score", "What does the model say about a new file?")
show_page()
