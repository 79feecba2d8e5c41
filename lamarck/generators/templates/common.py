"""Words of a request that say nothing of what is special about it."""

from __future__ import annotations

from lamarck.generators.templates.asking import words_of

_WORDS = (
    "the a an of to in on at by for from with without and or but not no nor is are was were be been being it its this "
    "that these those they them their there here we our us you your i my me he she his her as if then else than so "
    "such too also very just only even still already again once twice ever never always often every each any all some "
    "many much more most less least few both either neither one two three first last next other another same own like "
    "how what when where which who why while until before after since because between within into out over under up "
    "down off about above below through during against can could may might must shall should will would do does did "
    "done has have had get gets got give gives given make makes made take takes taken put keep keeps kept let lets go "
    "goes gone come comes want wants wanted need needs needed use uses used using call calls called return returns "
    "returned raise raises raised error errors exception function method class value values name names string text "
    "number numbers list dict argument arguments parameter default none true false write please see eg etc ie ok s t d "
    "ll re ve m nothing something anything everything thing things way time times"
)

COMMON = frozenset(words_of(_WORDS))
