"""The peer of `cargo xtask bench overhead`: two trivial checks of a command-line program, as check50 words them."""

import check50


@check50.check()
def adds():
    """adds two numbers"""
    check50.run("./add 2 3").stdout("5").exit(0)


@check50.check()
def refuses():
    """refuses what is no number"""
    check50.run("./add 2 three").exit(2)
