"""Human evaluation as in the paper's Tables 5 to 7: annotation sheets, and their analysis.

- `systems`: replies of models with searches.
- `key`: which row of a sheet is the reply of which system.
- `sheet`: the CSV files, blank and filled.
- `sheet_page`: the HTML page that fills a sheet.
- `agreement`: means, Fleiss' kappa, paired tests and preferences.
- `tables`: these as Markdown.
"""
