// WASITests
