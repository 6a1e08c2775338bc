"""The command line and the Streamlit app: the only code that prints, draws or exits."""
