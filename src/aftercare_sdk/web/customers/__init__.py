"""Pages for customers, reached by the links in their messages: `/c/{token}`."""
