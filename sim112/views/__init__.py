"""What people see: tables, figures, reports and pages. Nothing here decides what a number is."""
