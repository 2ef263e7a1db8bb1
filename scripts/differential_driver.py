"""Generates modules, has two engines run them, and compares what came of it. See scripts/differential.

    differential_driver.py WASM-TOOLS ENGINE-TRANSCRIPTS FOLDER COUNT SEED
"""

import os
import pathlib
import random
import resource
import subprocess
import sys

BATCH = 50
# For one batch; a module takes milliseconds.
SECONDS_MAX = 60
ADDRESS_BYTES_MAX = 64 << 30

ON = """
    bulk-memory exceptions extended-const gc memory64 multi-value reference-types relaxed-simd
    saturating-float-to-int sign-extension-ops simd tail-call
""".split()
OFF = """
    compact-imports custom-descriptors custom-page-sizes shared-everything-threads threads
    wide-arithmetic
""".split()
FIXED = """
    --canonicalize-nans true --export-everything true --allow-start-export true --max-imports 0
    --min-types 8 --max-types 30 --min-funcs 4 --max-funcs 12 --min-globals 2 --max-globals 12
    --min-memories 1 --max-memories 3 --min-tables 1 --max-tables 4 --max-tags 6
    --max-memory32-bytes 262144 --max-memory64-bytes 262144 --memory-max-size-required true
    --max-table-elements 1000 --table-max-size-required true --generate-custom-sections false
    --limit-arrays-in-const-exprs true
""".split()
FEATURES = [f"--{name}-enabled={'true' if name in ON else 'false'}" for name in ON + OFF]


class Generator:
    """Makes the modules of a seed, always the same ones."""

    def __init__(self, tool, engine, folder, seed):
        self.tool, self.engine, self.folder, self.seed = tool, engine, folder, seed

    def modules(self, indices):
        """Files with modules, each with whether only its validity is to be compared."""
        made, dense = [], []
        for index in indices:
            choice = random.Random(f"{self.seed}/{index}")
            path = self.folder / f"{self.seed}-{index}.wasm"
            only_validity = index % 8 == 3
            if index % 2 == 0:
                path.write_bytes(choice.randbytes(choice.choice((300, 1500, 3000))))
                dense.append(path)
            else:
                self.smith(choice, path)
                if only_validity:
                    self.damage(choice, path)
                elif index % 4 == 1:
                    self.mutate(choice, path)
            made.append((path, only_validity))
        if dense:
            subprocess.run([self.engine, "--generate", *dense], check=True, timeout=SECONDS_MAX)
        return made

    def smith(self, choice, path):
        options = ["--max-instructions", str(choice.choice((100, 500, 2000)))]
        if choice.random() < 0.9:
            options.append("--ensure-termination")
        options.append("--disallow-traps=" + choice.choice(("true", "true", "true", "false")))
        for _ in range(10):
            seed = choice.randbytes(choice.choice((4000, 16000, 60000)))
            done = subprocess.run(
                [self.tool, "smith", *FEATURES, *FIXED, *options, "-o", path],
                input=seed, capture_output=True, timeout=SECONDS_MAX,
            )
            if done.returncode == 0:
                return
        sys.exit("wasm-tools smith: " + done.stderr.decode(errors="replace"))

    def mutate(self, choice, path):
        """Changes the module a few times; it stays as it is where the tool cannot do that."""
        changed = path.with_suffix(".changed")
        for _ in range(choice.randint(1, 4)):
            done = subprocess.run(
                [self.tool, "mutate", "--seed", str(choice.getrandbits(32)), path, "-o", changed],
                capture_output=True, timeout=SECONDS_MAX,
            )
            if done.returncode == 0:
                os.replace(changed, path)
        changed.unlink(missing_ok=True)

    def damage(self, choice, path):
        data = bytearray(path.read_bytes())
        for _ in range(choice.randint(1, 3)):
            place = choice.randrange(8, len(data)) if len(data) > 8 else 0
            data[place] = choice.choice((choice.getrandbits(8), data[place] ^ 1, data[place] + 1 & 255))
        path.write_bytes(data)


class Side:
    """One of the two engines."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def begin(self, paths):
        return subprocess.Popen(
            [*self.command, *map(str, paths)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit,
        )

    def transcripts(self, paths, process):
        """The transcript of each module; one that ends the process has that as its only line."""
        found = {}
        paths = [str(path) for path in paths]
        while True:
            try:
                output, errors = process.communicate(timeout=SECONDS_MAX)
                end = f"ended with {process.returncode}: " + errors.decode(errors="replace")[-2000:]
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
                end = f"still running after {SECONDS_MAX} s"
            found.update(parse(output.decode(errors="replace")))
            missing = [path for path in paths if path not in found]
            if not missing:
                return found
            found[missing[0]] = [f"{self.name} {end}"]
            if len(missing) == 1:
                return found
            process = self.begin(missing[1:])


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def parse(text):
    found, path, lines = {}, None, []
    for line in text.split("\n"):
        if line.startswith("module "):
            path, lines = line[len("module "):], []
        elif line == "end":
            found[path] = lines
        else:
            lines.append(line)
    return found


class Comparison:
    def __init__(self):
        self.modules = self.calls = self.mismatches = self.cut = self.invalid = self.failures = 0

    def compare(self, ours, theirs, only_validity):
        """The first difference of two transcripts; None when there is none."""
        self.modules += 1
        if theirs and theirs[0].startswith("wasmtime "):
            # The other engine's own failure says nothing about ours, unless ours failed too.
            self.failures += 1
            if not (ours and ours[0].startswith("roost ")):
                return None
        if ours == ["invalid"] == theirs:
            self.invalid += 1
        if only_validity:
            ours, theirs = ([line for line in side[:1] if line in ("invalid", "limit cut")]
                            for side in (ours, theirs))
        for index in range(max(len(ours), len(theirs))):
            mine = ours[index] if index < len(ours) else "nothing"
            other = theirs[index] if index < len(theirs) else "nothing"
            if mine.endswith("cut") or other.endswith("cut"):
                self.cut += 1
                return None
            if mine != other:
                self.mismatches += 1
                return f"roost: {mine}\n    wasmtime: {other}"
            if " ok" in mine or " trap" in mine:
                self.calls += 1
        return None


def main():
    tool, engine, folder, count, seed = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    oracle = pathlib.Path(__file__).with_name("differential_oracle.py")
    ours = Side("roost", [engine])
    theirs = Side("wasmtime", [sys.executable, str(oracle)])
    generator, comparison = Generator(tool, engine, folder, seed), Comparison()
    for start in range(0, int(count), BATCH):
        batch = generator.modules(range(start, min(start + BATCH, int(count))))
        paths = [path for path, _ in batch]
        processes = ours.begin(paths), theirs.begin(paths)
        mine, other = (side.transcripts(paths, process)
                       for side, process in zip((ours, theirs), processes))
        for path, only_validity in batch:
            difference = comparison.compare(mine[str(path)], other[str(path)], only_validity)
            if difference:
                print(f"MISMATCH {path}\n    {difference}", flush=True)
            else:
                path.unlink()
    print(
        f"{comparison.cut} modules cut short by a limit, {comparison.invalid} refused by both, "
        f"{comparison.failures} that wasmtime failed on"
    )
    print(f"{comparison.modules} modules, {comparison.calls} calls, {comparison.mismatches} mismatches")
    sys.exit(comparison.mismatches > 0)


if __name__ == "__main__":
    main()
