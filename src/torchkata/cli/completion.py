"""Shell completion: a script for each shell, and the candidates for the next word; no torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from torchkata.cli.main import ExitCode, build_parser
from torchkata.course.discovery import discover_exercises
from torchkata.course.translations import Translations
from torchkata.i18n.catalogues import languages

_DEVICES: Final = ("cuda", "mps", "xpu")
_LEVELS: Final = ("1", "2", "3")

_BASH: Final = """\
# torchkata: completion for bash. Try it:  source <(python -P -m torchkata completion bash)
_torchkata() {
    local IFS=$'\\n'
    COMPREPLY=($("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
_torchkata_python() {
    if [[ "${COMP_WORDS[1]} ${COMP_WORDS[2]}" == "-m torchkata" && $COMP_CWORD -gt 2 ]]; then
        local IFS=$'\\n'
        local words=("${COMP_WORDS[@]:3:COMP_CWORD-2}")
        COMPREPLY=($("$1" -P -m torchkata complete -- "${words[@]}" 2>/dev/null))
    fi
}
complete -o bashdefault -o default -F _torchkata torchkata
complete -o bashdefault -o default -F _torchkata_python python python3
"""
_ZSH: Final = """\
# torchkata: completion for zsh. Try it:  source <(python -P -m torchkata completion zsh)
_torchkata() {
    local -a candidates
    if [[ $service == torchkata ]]; then
        candidates=("${(@f)$(${(Q)words[1]} complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    elif [[ "$words[2] $words[3]" == "-m torchkata" && $CURRENT -gt 3 ]]; then
        candidates=("${(@f)$(${(Q)words[1]} -P -m torchkata complete -- "${(@)words[4,CURRENT]}" \
            2>/dev/null)}")
    fi
    candidates=("${(@)candidates:#}")
    if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _torchkata torchkata python python3
"""
_FISH: Final = """\
# torchkata: completion for fish. Try it:  python -P -m torchkata completion fish | source
function __torchkata
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l last (commandline --current-token --cut-at-cursor)
    if string match --quiet -- '*python*' $words[1]
        test "$words[2] $words[3]" = "-m torchkata"; or return
        $words[1] -P -m torchkata complete -- $words[4..] "$last" 2>/dev/null
    else
        $words[1] complete -- $words[2..] "$last" 2>/dev/null
    end
end
complete --command torchkata --arguments '(__torchkata)'
complete --command python --arguments '(__torchkata)'
complete --command python3 --arguments '(__torchkata)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""By shell: a script that defines completion for `torchkata` and `python -m torchkata`."""


def print_script(options: argparse.Namespace, _translations: Translations) -> int:
    """Print the completion script of a shell."""
    print(SCRIPTS[options.shell], end="")
    return ExitCode.OK


def print_candidates(options: argparse.Namespace, _translations: Translations) -> int:
    """Print the candidates for the last word, one per line, for a completion script."""
    for word in candidates(build_parser(), options.words, options.course):
        print(word)
    return ExitCode.OK


def candidates(parser: argparse.ArgumentParser, words: Sequence[str], root: Path) -> list[str]:
    """Return the words that can replace the last one, which is being typed.

    Args:
        parser: of the command line.
        words: the words after the program's name; the last one may be empty.
        root: the course's folder, unless the words name another one.
    """
    *before, last = words or ("",)
    current, position = parser, 0  # the parser of the verb, and its positionals so far
    option: argparse.Action | None = None  # whose value comes next
    for word in before:
        if option is not None:
            root = Path(word) if option.dest == "course" else root
            option = None
        elif word.startswith("-"):
            action = current._option_string_actions.get(word)  # noqa: SLF001 - has no public name
            option = action if action is not None and action.nargs != 0 else None
        elif current is parser:
            verbs = _verbs(parser)
            if word not in verbs:
                return []
            current, position = verbs[word], 0
        else:
            position += 1
    if option is not None:
        options: Iterable[str] = _values(option, root)
    elif last.startswith("-"):
        options = current._option_string_actions  # noqa: SLF001
    elif current is parser:
        options = [name for name, verb in _verbs(parser).items() if verb.description]
    else:
        positional = _positional(current, position)
        options = _values(positional, root, last) if positional is not None else ()
    return sorted({word for word in options if word.startswith(last)})


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _positional(parser: argparse.ArgumentParser, position: int) -> argparse.Action | None:
    """Return the argument at a position; the last one if it takes any number of words."""
    actions = [action for action in parser._actions if not action.option_strings]  # noqa: SLF001
    if position < len(actions):
        return actions[position]
    return actions[-1] if actions and actions[-1].nargs in ("*", "+") else None


def _values(action: argparse.Action, root: Path, last: str = "") -> Iterable[str]:
    """Return the possible values of an argument, by its metavar."""
    if action.choices is not None:
        return map(str, action.choices)
    match action.metavar:
        case "NAME":
            exercises = discover_exercises(root)
            names = [name for _chapter, _stem, name in exercises]
            if any(name.startswith(last) for name in names):
                return names
            return [f"{chapter}/{stem}" for chapter, stem, _name in exercises]
        case "C":
            return [chapter for chapter, _stem, _name in discover_exercises(root)]
        case "LEVEL":
            return _LEVELS
        case "D":
            return _DEVICES
        case "LANG":
            return languages()
    return ()  # the shell completes files and folders
