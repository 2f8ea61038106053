"""The programs that come with the SDK. They use the public hooks only, as anybody's program does."""
