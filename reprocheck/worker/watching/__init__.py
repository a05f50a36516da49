"""Watch a user's own training from inside its process: nothing here may change, stop or slow down what it watches."""
