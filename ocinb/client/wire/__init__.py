"""One exchange: a request goes out, an answer comes in, and everybody watching is told."""
