"""One module a page; each has `render()`. Not named `pages`: Streamlit would run such a folder's files by itself."""
