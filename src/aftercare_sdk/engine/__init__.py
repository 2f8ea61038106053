"""The engine: the only room that joins the others."""
