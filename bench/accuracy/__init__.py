"""`make accuracy`: Wavetank's figures against servers that know the truth.

Nothing here uses Wavetank but through its command line: the servers, their clock readings and the quantiles are
written anew, so that a mistake of Wavetank's cannot hide in the thing that it is held against.
"""
