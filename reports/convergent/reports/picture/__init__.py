"""Pictures of a case: windows, zero insertion, padding and the sparse matrix, as SVG and HTML.

``window`` says which places are read, ``entries`` what stands in the matrix, ``grid``,
``sparse`` and ``channels`` draw, ``figure`` puts drawings together and ``page`` is a whole page.
"""
