"""The shell: words, quoting, variables, pipes, redirections, and what it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fakes import NOW, make_terminal

CASES = [
    # command, stdout, exit code; checked against bash
    ("", "", 0),
    ("# nothing", "", 0),
    ("echo a  b # c", "a b\n", 0),
    ("echo a#b", "a#b\n", 0),
    ("echo 'a  $B' \"c  d\"", "a  $B c  d\n", 0),
    ('echo "\\$A \\"q\\" \\x" \\$B \\ c', '$A "q" \\x $B  c\n', 0),
    ("echo '' | cat", "\n", 0),
    ('A=1; echo "$A${A}2$A3-$"', "112-$\n", 0),
    ("A='x  y'; echo $A; echo \"$A\"", "x y\nx  y\n", 0),
    ("A=1 B=$A; echo $B", "1\n", 0),
    ("A=' x '; echo a${A}b", "a x b\n", 0),
    ('echo $NOTHING; echo "$NOTHING"', "\n\n", 0),
    ("echo ~ ~/x 'a~' a~", "/home/ec2-user /home/ec2-user/x a~ a~\n", 0),
    ("A=~/x; echo $A $HOME $USER", "/home/ec2-user/x /home/ec2-user ec2-user\n", 0),
    ("true && echo yes || echo no", "yes\n", 0),
    ("false && echo yes || echo no", "no\n", 0),
    ("false || true && echo yes", "yes\n", 0),
    ("false; echo $?; echo $?", "1\n0\n", 0),
    ("true; false", "", 1),
    ("A=$(false); echo $?", "1\n", 0),
    ("A=$(false) || echo no", "no\n", 0),
    ("false; A=1; echo $?", "0\n", 0),
    ("echo $(echo a; echo b)", "a b\n", 0),
    ('echo "$(echo "a  b")"', "a  b\n", 0),
    ("echo `echo \\`echo deep\\``", "deep\n", 0),
    ('echo "`echo \\"q\\"`"', "q\n", 0),
    ("echo a | cat | cat - ", "a\n", 0),
    ("false | true", "", 0),
    ("true | false", "", 1),
    ("A=1; A=2 | true; echo $A$(A=3)", "1\n", 0),
    ("export A=1; export B=1 | true; echo $A$B $(unset A)$A", "1 1\n", 0),
    ("echo a > f; echo b >> f; cat f; cat < f > g; cat g", "a\nb\na\nb\n", 0),
    ("echo a >f 2>&1; cat f", "a\n", 0),
    ("cat nofile 2> f; cat f", "cat: nofile: No such file or directory\n", 0),
    ("cat nofile > f 2>&1; cat f", "cat: nofile: No such file or directory\n", 0),
    ("cat nofile &> f; cat f", "cat: nofile: No such file or directory\n", 0),
    ("cat nofile 2>&1 | cat", "cat: nofile: No such file or directory\n", 0),
    ("echo a > /dev/null; cat /dev/null", "", 0),
    ("> f; cat f", "", 0),
    ("echo a 2", "a 2\n", 0),
    ("echo a\\\nb", "ab\n", 0),
    ("echo a\necho b", "a\nb\n", 0),
    ("echo a &&\n echo b |\n cat", "a\nb\n", 0),
    ("echo -n a; echo -e 'b\\nc'; echo -E 'd\\n'", "ab\nc\nd\\n\n", 0),
    ("C='echo a'; $C b", "a b\n", 0),
    ("echo *.txt [a] a?b=c", "*.txt [a] a?b=c\n", 0),
    ("pwd; whoami", "/home/ec2-user\nec2-user\n", 0),
    ("echo x > f; rm f; rm -f f; cat f || echo gone", "gone\n", 0),
]


@pytest.mark.parametrize(("command", "stdout", "exit_code"), CASES)
def test_a_command_line_means_what_it_means_in_bash(command: str, stdout: str, exit_code: int) -> None:
    done = make_terminal().run(command, position=NOW)

    assert (stdout, exit_code) == (done.stdout, done.exit_code)


ERRORS = [
    ("cat nofile", "cat: nofile: No such file or directory\n", 1),
    ("cat ~", "cat: ~: Is a directory\n".replace("~", "/home/ec2-user"), 1),
    ("cat < nofile", "bash: nofile: No such file or directory\n", 1),
    ("echo a > ~", "bash: /home/ec2-user: Is a directory\n", 1),
    ("rm nofile", "rm: cannot remove 'nofile': No such file or directory\n", 1),
    ("rm ~", "rm: cannot remove '/home/ec2-user': Is a directory\n", 1),
    ("rm", "rm: missing operand\nTry 'rm --help' for more information.\n", 1),
    ("export 1a=2", "bash: export: `1a=2': not a valid identifier\n", 1),
    ("echo 'a", "bash: unexpected EOF while looking for matching `''\n", 2),
    ('echo "a', "bash: unexpected EOF while looking for matching `\"'\n", 2),
    ("echo `a", "bash: unexpected EOF while looking for matching ``'\n", 2),
    ("echo $(a", "bash: unexpected EOF while looking for matching `)'\n", 2),
    ("echo ${a", "bash: unexpected EOF while looking for matching `}'\n", 2),
    ("&& b", "bash: syntax error near unexpected token `&&'\n", 2),
    ("a | | b", "bash: syntax error near unexpected token `|'\n", 2),
    ("a &&", "bash: syntax error near unexpected token `newline'\n", 2),
    ("a >", "bash: syntax error near unexpected token `newline'\n", 2),
    ("echo a )", "bash: syntax error near unexpected token `)'\n", 2),
]


@pytest.mark.parametrize(("command", "stderr", "exit_code"), ERRORS)
def test_a_failure_reads_as_in_bash(command: str, stderr: str, exit_code: int) -> None:
    done = make_terminal().run(command, position=NOW)

    assert ("", stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("for i in 1 2; do echo $i; done", "for"),
        ("if true; then echo a; fi", "if"),
        ("while true; do echo a; done", "while"),
        ("sleep 1 &", "&"),
        ("(echo a)", "("),
        ("f() { echo a; }", "("),
        ("{ echo a; }", "{"),
        ("! true", "!"),
        ("cat <(echo a)", "<("),
        ("cat <<EOF\na\nEOF", "<<"),
        ("echo $((1+1))", "$(("),
        ("echo ${A:-b}", "${A:-b}"),
        ("echo $1", "$1"),
        ("echo $'a'", "$'"),
        ("a 3> f", "3>"),
        ("a |& b", "|&"),
        ("a ;; b", ";;"),
    ],
)
def test_what_the_shell_does_not_know_it_says(command: str, what: str) -> None:
    """It runs nothing of such a line."""
    done = make_terminal().run(f"echo a; {command}" if what != "for" else command, position=NOW)

    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.startswith(f"ec2roles: this shell does not know '{what}'")


def test_an_unknown_command_is_answered_with_those_that_are_known() -> None:
    done = make_terminal().run("foo", position=NOW)

    assert done.exit_code == 127
    assert done.stderr == (
        "bash: foo: command not found\n"
        "ec2roles: this terminal knows aws, cat, curl, echo, env, export, false, pwd, rm, true, unset, whoami\n"
    )


def test_variables_and_files_stay_from_one_command_to_the_next() -> None:
    terminal = make_terminal()
    terminal.run("A=1; export B=2; echo x > f; false", position=NOW)

    assert terminal.run("echo $? $A $B $(cat f)", position=NOW).stdout == "1 1 2 x\n"


def test_programs_see_exported_variables_only() -> None:
    terminal = make_terminal()
    terminal.run("A=1; B=2; export B; export C=3; D=4; unset C", position=NOW)
    seen = terminal.run("E=5 env", position=NOW).stdout

    assert {"B=2", "E=5"} == {line for line in seen.splitlines() if line[1] == "="}
    assert 'declare -x B="2"' in terminal.run("export", position=NOW).stdout


def test_an_exported_variable_that_is_set_again_stays_exported() -> None:
    terminal = make_terminal()
    terminal.run("export A=1; A=2", position=NOW)

    assert terminal.chain.environment["A"] == "2"


def test_stdin_is_read_by_the_command_that_asks_for_it() -> None:
    assert make_terminal().run("echo a; cat", position=NOW, stdin="b\n").stdout == "a\nb\n"


def test_bytes_that_are_no_text_travel_unharmed() -> None:
    terminal = make_terminal()
    terminal.files.write("raw", b"\xff\x00")
    shown = terminal.run("cat raw > copy; cat raw | cat > other; cat raw", position=NOW)

    assert (terminal.files.read("copy"), terminal.files.read("other")) == (b"\xff\x00", b"\xff\x00")
    assert shown.stdout == "\N{REPLACEMENT CHARACTER}\x00"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("echo a", "a"),
        ("true", "<Completed, no output>"),
        ("false", "[exit code 1]"),
        ("cat x", "cat: x: No such file or directory\n[exit code 1]"),
        ("echo a; cat x", "a\ncat: x: No such file or directory\n[exit code 1]"),
    ],
)
def test_a_notebook_shows_the_output_itself(command: str, text: str) -> None:
    assert text == repr(make_terminal().run(command, position=NOW))


PIECES = (
    *("echo", "cat", "aws s3 ls", "aws s3 cp", "aws configure", "curl", "export A=1", "A=b", "env", "rm", "unset A"),
    *("$A", "${A}", "$?", "$", "`", "$(", ")", "'", '"', "\\", "|", "&&", "||", ";", ">", ">>", "<", "2>&1", "&", "\n"),
    *(
        "f",
        "-",
        "~",
        "s3://b/k",
        "--profile",
        "http://169.254.169.254/",
        "http://[",
        "-X",
        "-sf",
        "#",
        "(",
        "{",
        "\udcff",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["", " "]), st.booleans())
def test_no_line_makes_the_terminal_raise(pieces: list[str], joint: str, role: bool) -> None:
    """Whatever is typed ends with an exit code and text that can be written down."""
    done = make_terminal(role=role, buckets={"b": {"k": b"x"}}).run(joint.join(pieces), position=NOW, stdin="a\n")

    assert 0 <= done.exit_code <= 255
    assert (done.stdout + done.stderr).encode() is not None


def test_a_line_that_is_nested_too_deeply_is_refused() -> None:
    done = make_terminal().run("echo " + "$(" * 10_000, position=NOW)

    assert (done.stderr, done.exit_code) == ("ec2roles: this line is nested too deeply\n", 2)
