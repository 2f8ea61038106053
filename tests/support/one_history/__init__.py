"""One history of a hundred orders, lived through by shops of different platforms.

`script` is the history, in nobody's words. `woocommerce`, `customshop` and `shopify` are shops that live
through it and tell of it as their platforms do: by fakes that were made after recordings and samples, never
by what the adapters themselves write. `telling` is what an engine came to know.
"""
