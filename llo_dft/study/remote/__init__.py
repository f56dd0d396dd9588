"""A study in the queue of jobflow-remote: submitted, watched, rerun, collected."""
