"""The views that admins read by SQL, their document, and the questions asked of them."""
