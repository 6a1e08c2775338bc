"""Errors of the values of conditions."""


class RefusedValueError(ValueError):
    """A value that is understood, and that there is none of, or more than one: the message says which.

    What is only not understood is a plain ``ValueError``: then a shorter value may be meant. Of a value that
    is refused no part is: "winter 9999" is not the last winter.
    """
